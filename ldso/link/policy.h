/* What the engine asks of a policy: which file a name means.  Declared here, implemented in ldso/policy/ (ld.so's
 * rules) or by an embedding program. */
#ifndef RL_LINK_POLICY_H
#define RL_LINK_POLICY_H

#include "../base/diag.h"
#include "file.h"

struct rl_object;
struct rl_namespace;

struct rl_policy {
	void *context;
	/* Open the file that NAME (DT_NEEDED string, dlopen argument or preload) means for REQUESTER (NULL: nobody).
	 * Failure fills DIAG in full.  The header was checked when it returns RL_OK. */
	enum rl_status (*find)(void *context, const char *name, struct rl_object *requester,
			       struct rl_namespace *namespace, struct rl_file *out_file, struct rl_diag *diag);
	/* An operation that may have searched for files is over: give back what was only kept for it.  May be NULL. */
	void (*settle)(void *context);
	/* Forget what OBJECT->policy holds. */
	void (*forget)(void *context, struct rl_object *object);
	/* Expand dynamic string tokens in NAME for REQUESTER: NULL if it has none, else a heap string. */
	enum rl_status (*expand)(void *context, const char *name, struct rl_object *requester, char **out_name,
				 struct rl_diag *diag);
};

#endif
