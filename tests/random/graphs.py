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

    @property
    def file(self):
        return f"lib{self.letter}.so"

    def source(self):
        functions = sorted({*self.bound, *self.called, *self.begins_with, *self.ends_with})
        lines = [f"#define NAME {self.letter}", f"#define NUMBER {self.number}", SOURCE, self.text]
        lines += [f"int {one}(void) __attribute__((weak));" for one in functions if one not in self.text]
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


def build(folder, libraries, libc):
    """Libraries are linked with stand-ins of each other, for they may need each other in rings."""
    stand_ins = folder / "stand-ins"
    stand_ins.mkdir(parents=True, exist_ok=True)
    for one in libraries:
        call(*linkers.compiler("gcc", libc), "-xc", "-O1", "-w", "-fPIC", "-c", "-", "-o", folder / f"{one.letter}.o",
             input=one.source().encode())
        call("ld", "-shared", "-soname", one.file, folder / f"{one.letter}.o", "-o", stand_ins / one.file)
    for one in libraries:
        place = folder / one.folder
        place.mkdir(exist_ok=True)
        needs = [LIBC[libc] if need == "libc" else stand_ins / f"lib{need}.so" for need in one.needs]
        call("ld", "-shared", "-soname", one.file, *one.flags, folder / f"{one.letter}.o", "--no-as-needed", *needs,
             "-o", place / one.file)


def ring_libraries(dice):
    """Few libraries with many arrows, against each other too; some use what they do not need."""
    letters = "abcdefgh"[:dice.randint(3, 8)]
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


Kind = collections.namedtuple("Kind", "libraries requests")
KINDS = {"rings": Kind(ring_libraries, ring_requests)}
