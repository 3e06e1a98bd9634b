/* The objects of a namespace: its list and the names they answer to.  Under the load lock. */
#ifndef RL_LINK_NAMESPACE_H
#define RL_LINK_NAMESPACE_H

#include "linker.h"

/* The namespace with this id that has an object, or NULL. */
struct rl_namespace *rl_namespace_at(struct rl_linker *linker, long id);

/* An empty namespace: the first that nobody uses any more, or a new one.  LIMIT: how many there may be, the base
 * included; 0: any number.  RL_REQUEST_NAMESPACES: that many are in use. */
RL_NODISCARD enum rl_status rl_namespace_start(struct rl_linker *linker, size_t limit,
					       struct rl_namespace **out_namespace);

/* Put OBJECT at the end of the list / take it out. */
void rl_namespace_append(struct rl_namespace *namespace, struct rl_object *object);
void rl_namespace_remove(struct rl_namespace *namespace, struct rl_object *object);

/* Move OBJECT behind PREVIOUS in the list. */
void rl_namespace_move(struct rl_namespace *namespace, struct rl_object *object, struct rl_object *previous);

/* The object that answers to NAME, or NULL. */
struct rl_object *rl_namespace_find(struct rl_namespace *namespace, const char *name);

/* The object that is the file (DEVICE, INODE), or NULL. */
struct rl_object *rl_namespace_find_file(struct rl_namespace *namespace, dev_t device, ino_t inode);

/* Let OBJECT answer to NAME (copied) from now on.  A name it has already is no error. */
RL_NODISCARD enum rl_status rl_namespace_name(struct rl_object *object, const char *name);
/* The same, and *out_string is the copy, which the object keeps; untouched if another object has the name. */
RL_NODISCARD enum rl_status rl_namespace_name_copy(struct rl_object *object, const char *name,
						   const char **out_string);
void rl_namespace_unname(struct rl_object *object);

/* Publish the global scope from global_list, and empty both where a namespace's first objects could not be loaded. */
RL_NODISCARD enum rl_status rl_namespace_publish_global(struct rl_namespace *namespace);
void rl_namespace_empty_global(struct rl_namespace *namespace);

#endif
