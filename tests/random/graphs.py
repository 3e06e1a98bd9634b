"""Random libraries that need and use each other, and random requests for the driver: tests/random."""

import collections
import dataclasses
import pathlib
import subprocess

import linkers

HERE = pathlib.Path(__file__).resolve().parent
LIBC = {"glibc": f"/lib/{linkers.CPU}-linux-gnu/libc.so.6", "musl": f"/usr/lib/{linkers.CPU}-linux-musl/libc.so"}

# What every library has: it says when it begins and ends, and is the caller of what others want to see called by it.
SOURCE = """
#define STRING_(x) #x
#define STRING(x) STRING_(x)
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
void note(const char *what, const char *who);
void note_number(const char *who, const char *what, int number);
void *dlopen(const char *name, int flags);
void *dlsym(void *handle, const char *name);
static const char name[] = STRING(NAME);
int JOIN(f_, NAME)(void) { return NUMBER; }
static void *open_by(const char *file, int flags) { void *p = dlopen(file, flags); return p; }
static void *find_by(void *handle, const char *symbol) { void *p = dlsym(handle, symbol); return p; }
"""
REST = """
struct { const char *name; void *(*open)(const char *, int); void *(*find)(void *, const char *); void (*use)(void); }
	JOIN(it_, NAME) = {name, open_by, find_by, use};
"""


@dataclasses.dataclass
class Library:
    letter: str
    number: int
    needs: list = dataclasses.field(default_factory=list)  # letters
    bound: list = dataclasses.field(default_factory=list)  # names whose address is in its data
    called: list = dataclasses.field(default_factory=list)  # names that it calls lazily, when it is used
    begins_with: list = dataclasses.field(default_factory=list)  # names that its constructor calls
    ends_with: list = dataclasses.field(default_factory=list)
    text: str = ""  # more C
    flags: list = dataclasses.field(default_factory=list)
    folder: str = "."
    versions: dict = dataclasses.field(default_factory=dict)  # of names that it defines

    @property
    def file(self):
        return f"lib{self.letter}.so"

    def source(self):
        functions = sorted({*self.bound, *self.called, *self.begins_with, *self.ends_with})
        lines = [f"#define NAME {self.letter}", f"#define NUMBER {self.number}", SOURCE, self.text]
        lines += [f"int {one}(void) __attribute__((weak));" for one in functions if f" {one}(" not in self.text]
        lines += [f"int (*volatile const to_{one})(void) = {one};" for one in self.bound]

        def body(head, names):
            calls = "".join(f' if ({one}) note_number(name, "{one}", {one}());' for one in names)
            return f"{head} {{ %s{calls} }}"

        lines.append(body("static void use(void)", self.called) % "")
        lines.append(body("__attribute__((constructor)) static void begin(void)", self.begins_with) % 'note("begins", name);')
        lines.append(body("__attribute__((destructor)) static void end(void)", self.ends_with) % 'note("ends", name);')
        return "\n".join(lines) + REST


def call(*words, **more):
    subprocess.run([str(word) for word in words], check=True, **more)


def build_driver(folder, libc):
    folder.mkdir(parents=True, exist_ok=True)
    call(*linkers.compiler("gcc", libc), "-O1", "-Wall", "-rdynamic", HERE / "driver.c", "-o", folder / "driver",
         f"-Wl,--dynamic-linker={folder / linkers.NAMES[libc]}")


def version_script(path, versions):
    """The flags that give NAMES their versions."""
    if not versions:
        return []
    groups = {version: [name for name in versions if versions[name] == version] for version in sorted(versions.values())}
    path.write_text("".join(f"{version} {{ global: {'; '.join(names)}; }};\n" for version, names in groups.items()))
    return ["--version-script", path]


def build(folder, libraries, libc):
    """Libraries are linked with stand-ins of each other, for they may need each other in rings."""
    stand_ins = folder / "stand-ins"
    stand_ins.mkdir(parents=True, exist_ok=True)
    for one in libraries:
        call(*linkers.compiler("gcc", libc), "-xc", "-O1", "-w", "-fPIC", "-c", "-", "-o", folder / f"{one.letter}.o",
             input=one.source().encode())
        script = version_script(folder / f"{one.letter}.map", one.versions)
        one.flags += script
        call("ld", "-shared", "-soname", one.file, *script, folder / f"{one.letter}.o", "-o", stand_ins / one.file)
    for one in libraries:
        place = folder / one.folder
        place.mkdir(exist_ok=True)
        needs = [LIBC[libc] if need == "libc" else stand_ins / f"lib{need}.so" for need in one.needs]
        call("ld", "-shared", "-soname", one.file, *one.flags, folder / f"{one.letter}.o", "--no-as-needed", *needs,
             "-o", place / one.file)


def ring_libraries(dice):
    """Few libraries with many arrows, against each other too; some use what they do not need."""
    letters = "abdefghi"[:dice.randint(3, 8)]
    density = dice.choice([0.15, 0.25, 0.4])
    made = []
    for number, letter in enumerate(letters):
        needs = [other for other in letters if other != letter and dice.random() < density]
        dice.shuffle(needs)
        one = Library(letter, number, needs, flags=["-rpath", "$ORIGIN", "-z", dice.choice(["lazy", "now"])])
        for uses in (one.bound, one.called, one.begins_with, one.ends_with):
            uses += [f"f_{other}" for other in letters if dice.random() < 0.12]
        made.append(one)
    return made


def ring_requests(dice, libraries):
    letters = [one.letter for one in libraries]
    roots = dice.sample(letters, dice.randint(1, min(4, len(letters))))
    words = [f"open:./lib{root}.so:{dice.choice(['n', 'n', 'l', 'ng', 'lg'])}" for root in roots]
    for slot in range(len(roots)):
        if dice.random() < 0.3:
            words.insert(dice.randint(slot + 1, len(words)), f"use:{slot}")
    slots = list(range(len(roots)))
    dice.shuffle(slots)
    return words + [f"close:{slot}" for slot in slots[:dice.randint(1, len(slots))]]



# What libraries of the other kind share: any of them may define these, and any may use them.
COMMON = ["f_one", "f_two", "f_three", "f_four"]
VARIABLES = ["d_one", "d_two", "t_one", "t_two"]
FOLDERS = ["x", "y", "z"]


def definition(dice, name, number):
    """One of the names that several libraries define, in one of its forms."""
    weak = dice.choice(["", "", "", "__attribute__((weak)) "])
    hidden = dice.choice(["", "", "", '__attribute__((visibility("protected"))) '])
    if name.startswith("f_"):
        return f"{weak}{hidden}int {name}(void) {{ return {number}; }}"
    return f"{weak}{'__thread ' if name.startswith('t_') else ''}int {name} = {number * 100};"


def family_library(dice, letters, number):
    letter = letters[number]
    others = letters[number + 1:] if dice.random() < 0.8 else letters.replace(letter, "")
    needs = [other for other in others if dice.random() < 0.25]
    if dice.random() < 0.4:
        needs.insert(dice.randint(0, len(needs)), "libc")
    one = Library(letter, number, needs, folder=dice.choice(FOLDERS))
    defined = [name for name in COMMON + VARIABLES if dice.random() < 0.3]
    one.text = "\n".join(definition(dice, name, number) for name in defined)
    for uses, share in ((one.bound, 0.1), (one.called, 0.15), (one.begins_with, 0.1), (one.ends_with, 0.1)):
        uses += [name for name in [f"f_{other}" for other in letters] + COMMON if dice.random() < share]
    if dice.random() < 0.1:
        one.text += "\nint nowhere(void); int (*volatile to_nowhere)(void) = nowhere;"
    places = dice.sample(FOLDERS, dice.randint(1, 3))
    one.flags = [dice.choice(["--enable-new-dtags", "--disable-new-dtags"]), "-rpath", ":".join(f"$ORIGIN/../{place}" for place in places),
                 "-z", dice.choice(["lazy", "lazy", "now"]), dice.choice(["--hash-style=gnu", "--hash-style=sysv", "--hash-style=both"])]
    for words in (["-Bsymbolic"], ["-z", "nodelete"], ["-z", "initfirst"], ["-z", "nodlopen"]):
        if dice.random() < 0.06:
            one.flags += words
    return one


def family_libraries(dice):
    letters = "abdefghijkln"
    made = [family_library(dice, letters, number) for number in range(len(letters))]
    for one in made:
        one.versions = {name: f"V_{dice.randint(1, 2)}" for name in COMMON if f" {name}(" in one.text and dice.random() < 0.4}
    return made


def family_request(dice, libraries, opened):
    """One word for the driver; OPENED counts the opens so far."""
    letters = [one.letter for one in libraries]
    slot = dice.randrange(opened) if opened else 0
    name = dice.choice(COMMON + VARIABLES + [f"f_{letter}" for letter in letters] + ["nowhere", "printf"])
    kind = dice.choices(["open", "open by", "close", "sym", "sym by", "vers", "use", "addr", "info", "maps", "errors"],
                        [6, 2, 5, 4, 3, 1, 3, 2, 1, 1, 1])[0] if opened else "open"
    if kind in ("open", "open by"):
        flags = dice.choice("ln") + "".join(flag for flag, share in (("g", 0.3), ("k", 0.06), ("o", 0.15), ("d", 0.1))
                                            if dice.random() < share)
        flags = dice.choice(["", "g"]) if dice.random() < 0.03 else flags
        one = dice.choice(libraries)
        file = dice.choices([f"./{one.folder}/{one.file}", f"./{dice.choice(FOLDERS)}/{one.file}", one.file, "-", "libnowhere.so"],
                            [12, 2, 4 if kind == "open" else 12, 1, 1])[0]
        return f"open{'' if kind == 'open' else f'@{slot}'}:{file}:{flags}"
    if kind == "sym by":
        return f"sym@{slot}:{dice.choice(['default', 'next'])}:{name}"
    return {"close": f"close:{slot}", "sym": f"sym:{dice.choice([slot, slot, slot, 'default', 'next'])}:{name}",
            "vers": f"vers:{slot}:{name}:{dice.choice(['V_1', 'V_2', 'V_3'])}", "use": f"use:{slot}",
            # Where a thread's variables lie is the linker's affair.
            "addr": f"addr:{slot}:{name.replace('t_', 'd_')}",
            "info": f"info:{slot}", "maps": "maps", "errors": "errors"}[kind]


def family_requests(dice, libraries):
    words, opened = [], 0
    for _ in range(dice.randint(5, 40)):
        words.append(family_request(dice, libraries, opened))
        opened += words[-1].startswith("open")
    return words


def without_deep_binding(word):
    """The same open without RTLD_DEEPBIND."""
    head, _, flags = word.rpartition(":")
    return f"{head}:{flags.replace('d', '')}" if word.startswith("open") else word


Kind = collections.namedtuple("Kind", "libraries requests")
KINDS = {"rings": Kind(ring_libraries, ring_requests), "family": Kind(family_libraries, family_requests)}
