/* The filter of a large scope: a lookup that makes one for a scope that was retired meanwhile leaves nothing behind. */
#include "../../ldso/link/scope.h"

#include "../../ldso/base/heap.h"
#include "../../ldso/link/object.h"
#include "../../ldso/link/readers.h"
#include "check.h"

enum { OBJECTS = 30, MISSES = 100 };

static struct rl_object objects[OBJECTS], *items[OBJECTS];
static const struct rl_object_list list = {items, OBJECTS, OBJECTS};

static struct rl_scope_names *names_of(const struct rl_scope *scope)
{
	return atomic_load(&scope->filter->names);
}

static void missed(const struct rl_scope *scope)
{
	for (int i = 0; i < MISSES; i++)
		rl_scope_missed(scope);
}

int main(void)
{
	struct rl_readers readers = {0};
	for (size_t i = 0; i < OBJECTS; i++)
		items[i] = &objects[i];
	struct rl_scope *scope = rl_scope_make(&list);
	NEED(scope != NULL && scope->filter != NULL);
	CHECK(!rl_scope_lacks(scope, 77));
	missed(scope);
	CHECK(names_of(scope) != NULL && rl_scope_lacks(scope, 77));
	rl_scope_give(scope);

	scope = rl_scope_make(&list);
	NEED(scope != NULL && scope->filter != NULL);
	unsigned side = rl_readers_enter(&readers); /* who holds the scope still */
	rl_scope_retire(&readers, scope);
	const struct rl_scope_names *names = names_of(scope);
	size_t retired = readers.retired_count;
	missed(scope);
	CHECK(names_of(scope) == names && !rl_scope_lacks(scope, 77) && readers.retired_count == retired);
	CHECK(retired == 2); /* the filter and the scope */
	rl_readers_leave(&readers, side);
	CHECK(rl_readers_reclaim(&readers));
	return check_result();
}
