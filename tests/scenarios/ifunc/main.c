#include "scenario.h"

int choice(int x);
int far_choice(int x);
int leaf_indirect(void);
int call_local(int x);
int (*choice_address(void))(int);
extern int (*choice_pointer)(int);
extern int (*leaf_pointer)(void);

static int own_a(void)
{
	return 7;
}

static int (*resolve_own(void))(void)
{
	return own_a;
}

int own(void) __attribute__((ifunc("resolve_own")));
static int own_static(void) __attribute__((ifunc("resolve_own")));
static int (*own_pointer)(void) = own;
static int (*own_static_pointer)(void) = own_static;

int main(void)
{
	SHOW("%d", choice(4));
	SHOW("%d", choice(5));
	SHOW("%d", far_choice(5));
	SHOW("%d", far_choice(6));
	SHOW("%d", choice_pointer(4));
	SHOW("%d", leaf_pointer());
	SHOW("%d", leaf_indirect());
	SHOW("%d", call_local(3));
	SHOW("%d", own());
	SHOW("%d", own_static());
	SHOW("%d", own_pointer());
	SHOW("%d", own_static_pointer());
	CHECK(choice_address() == choice);
	CHECK(choice_pointer == choice);
	return 0;
}
