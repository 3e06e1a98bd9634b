/* The stream of events: what the engine does, told to whoever listens.  Debugger rendezvous, traces and auditors are
 * consumers; nobody listening costs one load and one branch. */
#ifndef RL_LINK_EVENTS_H
#define RL_LINK_EVENTS_H

#include <stdbool.h>

struct rl_file;
struct rl_namespace;
struct rl_object;
struct rl_linker;

enum rl_event_kind {
	RL_EVENT_NAMESPACE,    /* namespace: it is about to be used, for the first time or again */
	RL_EVENT_CHANGE_START, /* namespace: objects are about to be added or removed */
	RL_EVENT_CHANGE_END,   /* namespace: its list is consistent again; object: the first that is new, or NULL */
	RL_EVENT_MAPPED,       /* object; file: what it was made from, still open, or NULL */
	RL_EVENT_RELOCATED,    /* object */
	RL_EVENT_INIT,         /* object: its constructors are about to run */
	RL_EVENT_FINI,         /* object: its destructors are about to run */
	RL_EVENT_UNMAPPED,     /* object */
};

struct rl_event {
	enum rl_event_kind kind;
	bool is_addition; /* CHANGE_START: objects will be added */
	struct rl_namespace *namespace;
	struct rl_object *object;
	const struct rl_file *file;
};

struct rl_listener {
	void (*hear)(void *context, const struct rl_event *event);
	void *context;
	struct rl_listener *next;
};

#endif
