/* Big single files: one that is generated, always, and SQLite's amalgamation, if a package registry can be reached (or
 * RELINK_SQLITE names the file): compiled with -c, loaded, and compared with the same source as a library of dlopen's. */
#include "check.h"

static relink_context *context;
static relink_module *scope[2]; /* libm, libc */

/* Under a sanitizer the first way of each is enough. */
#ifdef __SANITIZE_ADDRESS__
enum { WAYS = 1 };
#else
enum { WAYS = 8 };
#endif

static relink_module *object_load(const char *path)
{
	relink_options options = {.scope = scope, .scope_count = 2};
	return check_load_with(context, path, &options);
}

/* Functions that call each other, tables of them, strings, doubles, switches, thread-local counters. */
static void generated_write(void)
{
	enum { COUNT = 600 };
	FILE *file = fopen("generated.c", "w");
	fprintf(file, "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <math.h>\n"
		      "static __thread long depth; static char log_text[64]; typedef long function(long);\n");
	for (int i = 0; i < COUNT; i++)
		fprintf(file, "%slong f%d(long);\n", i % 3 == 0 ? "static " : "", i);
	fprintf(file, "static function *const table[] = {");
	for (int i = 0; i < COUNT; i++)
		fprintf(file, "f%d,", i);
	fprintf(file, "};\nstatic const char *const names[] = {");
	for (int i = 0; i < COUNT; i++)
		fprintf(file, "\"name of function %d\",", i);
	fprintf(file, "};\n");
	for (int i = 0; i < COUNT; i++) {
		fprintf(file, "%slong f%d(long x)\n{\n\tdepth++;\n", i % 3 == 0 ? "static " : "", i);
		fprintf(file, "\tswitch (x %% 7) {\n");
		for (int j = 0; j < 6; j++)
			fprintf(file, "\tcase %d: x = x * %d + %d; break;\n", j, (i * 7 + j) % 13 + 2, i ^ j * 17);
		fprintf(file, "\tdefault: x += (long)strlen(names[%d]) + (long)sqrt((double)(x & 0xffff) + %d.5);\n\t}\n", i, i);
		if (i % 50 == 49)
			fprintf(file, "\tsnprintf(log_text, sizeof log_text, \"%%ld\", x); x += atol(log_text) %% 10;\n");
		if (i >= 2)
			fprintf(file, "\tif ((x & 3) == 0 && depth < 200) return f%d(x / 3) + table[(unsigned long)x %% %d](x / 5);\n", i / 2, i);
		fprintf(file, "\treturn x ^ %d;\n}\n", i * 31);
	}
	fprintf(file, "long answer(void)\n{\n\tlong sum = 0;\n\tfor (int i = 0; i < %d; i++) {\n\t\tdepth = 0;\n"
		      "\t\tsum = sum * 31 + table[i](i * 12345L) + (depth = depth %% 3);\n\t}\n\treturn sum;\n}\n", COUNT);
	fclose(file);
}

static void generated_test(void)
{
	static const char *const flags[] = {"-O1", "-O0 -fno-pic", "-O0 -mcmodel=large -fPIC"};
	generated_write();
	check_run("cc -shared -fPIC -O0 -o generated.so generated.c -lm");
	void *library = dlopen("./generated.so", RTLD_NOW);
	NEED(library != NULL);
	long expected = ((long (*)(void))(uintptr_t)dlsym(library, "answer"))();
	dlclose(library);
	for (size_t i = 0; i < sizeof flags / sizeof flags[0] && i < WAYS; i++) {
		check_command("cc -c %s -o generated.o generated.c", flags[i]);
		relink_module *module = object_load("generated.o");
		long result = RELINK_GET(module, long (*)(void), "answer")();
		if (result != expected)
			fprintf(stderr, "%s: %ld, expected %ld\n", flags[i], result, expected);
		CHECK(result == expected);
		relink_unref(module);
	}
}

typedef int row_function(void *user, int count, char **values, char **names);
struct database {
	int (*open)(const char *, void **);
	int (*exec)(void *, const char *, row_function *, void *, char **);
	int (*close)(void *);
	const char *(*version)(void);
};

static int row_note(void *user, int count, char **values, char **names)
{
	size_t used = strlen(user);
	(void)names;
	for (int i = 0; i < count; i++)
		used += (size_t)snprintf((char *)user + used, 4096 - used, "%s|", values[i] == NULL ? "NULL" : values[i]);
	return 0;
}

static void sql_run(const struct database *database, char *out)
{
	static const char *const statements[] = {
		"CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL, parent INTEGER)",
		("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
		 " INSERT INTO item SELECT i, printf('item %05d', i), i * 1.25, i / 2 FROM n"),
		"CREATE INDEX by_name ON item(name DESC)",
		"CREATE VIRTUAL TABLE IF NOT EXISTS absent USING nothing(x)",
		"BEGIN; UPDATE item SET price = price * 2 WHERE id % 7 = 0; DELETE FROM item WHERE id % 11 = 0; COMMIT",
		"SELECT count(*), sum(price), avg(length(name)), group_concat(id) FROM item WHERE id < 40",
		"SELECT a.name, count(*) c, round(sqrt(sum(b.price * b.price)), 3) FROM item a JOIN item b ON b.parent = a.id GROUP BY a.id ORDER BY 3 DESC LIMIT 5",
		"SELECT name, sum(price) OVER (ORDER BY id ROWS 3 PRECEDING) FROM item WHERE name LIKE '%777%'",
		"SELECT upper(hex(zeroblob(2)) || 'x'), strftime('%Y', '2020-02-29', '+1 year'), json('{\"a\": [1, 2]}'), 1 / 3.0, 9223372036854775807 + 1",
		"SELECT 1 FRO item", "PRAGMA integrity_check", "ROLLBACK", "VACUUM"};
	void *handle = NULL;
	char *message;
	out[0] = '\0';
	NEED(database->open(":memory:", &handle) == 0);
	for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
		message = NULL;
		int result = database->exec(handle, statements[i], row_note, out, &message);
		size_t used = strlen(out);
		snprintf(out + used, 4096 - used, "%d %s\n", result, message == NULL ? "" : message);
	}
	CHECK(database->close(handle) == 0);
}

/* The source's path, or NULL and why not. */
static const char *sqlite_find(void)
{
	const char *given = getenv("RELINK_SQLITE");
	if (given != NULL)
		return given;
	int status = system("folder=${XDG_CACHE_HOME:-$HOME/.cache}/relink-test; mkdir -p \"$folder\" && if [ ! -e \"$folder/sqlite3.c\" ]; then "
			    "command -v npm >/dev/null && timeout 90 npm pack --silent better-sqlite3@11.8.1 >/dev/null 2>&1 && "
			    "tar -xzf better-sqlite3-*.tgz package/deps/sqlite3/sqlite3.c && mv package/deps/sqlite3/sqlite3.c \"$folder/sqlite3.c\"; fi && "
			    "cp \"$folder/sqlite3.c\" sqlite3.c");
	return status == 0 ? "sqlite3.c" : NULL;
}

static void sqlite_test(const char *source)
{
	static const char *const flags[] = {"-O0", "-O0 -fno-pic"};
	static char expected[4096], result[4096];
	check_command("cc -w -DSQLITE_ENABLE_MATH_FUNCTIONS -shared -fPIC -O0 -o sqlite.so %s -lm -ldl -lpthread", source);
	void *library = dlopen("./sqlite.so", RTLD_NOW);
	NEED(library != NULL);
	struct database database = {(void *)dlsym(library, "sqlite3_open"), (void *)dlsym(library, "sqlite3_exec"),
				    (void *)dlsym(library, "sqlite3_close"), (void *)dlsym(library, "sqlite3_libversion")};
	sql_run(&database, expected);
	CHECK(strlen(expected) > 500 && strstr(expected, "1 near \"item\": syntax error") != NULL);
	for (size_t i = 0; i < sizeof flags / sizeof flags[0] && i < WAYS; i++) {
		check_command("cc -w -DSQLITE_ENABLE_MATH_FUNCTIONS -c %s -o sqlite.o %s", flags[i], source);
		relink_module *module = object_load("sqlite.o");
		struct database ours = {(void *)relink_get(module, "sqlite3_open"), (void *)relink_get(module, "sqlite3_exec"),
					(void *)relink_get(module, "sqlite3_close"), (void *)relink_get(module, "sqlite3_libversion")};
		NEED(ours.open != NULL && ours.exec != NULL && ours.close != NULL);
		CHECK(strcmp(ours.version(), database.version()) == 0);
		sql_run(&ours, result);
		if (strcmp(result, expected) != 0)
			fprintf(stderr, "%s:\n%s\nexpected:\n%s\n", flags[i], result, expected);
		CHECK(strcmp(result, expected) == 0);
		relink_unref(module);
	}
	dlclose(library);
}

int main(void)
{
	check_begin();
	relink_error error;
	context = check_context(0);
	NEED(relink_search_system(context) == RELINK_OK && relink_open(context, "libm.so.6", NULL, &scope[0], &error) == RELINK_OK
	     && relink_open(context, "libc.so.6", NULL, &scope[1], &error) == RELINK_OK);
	generated_test();
	const char *source = WAYS == 1 ? NULL : sqlite_find();
	if (WAYS == 1)
		fprintf(stderr, "SQLite is for the other build of this test\n");
	else if (source != NULL)
		sqlite_test(source);
	else
		fprintf(stderr, "SQLite skipped: its source is not here and no registry is reached\n");
	relink_unref(scope[0]);
	relink_unref(scope[1]);
	relink_context_free(context);
	return check_end();
}
