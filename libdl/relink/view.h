/* Views of sections: what scan.c keeps for view.c. */
#ifndef RL_LIBDL_RELINK_VIEW_H
#define RL_LIBDL_RELINK_VIEW_H

#include "engine.h"

struct rl_view;
/* scan.c: where SCAN keeps its views. */
struct rl_view **rl_scan_views(relink_scan *scan);
void rl_views_drop(struct rl_view *view);

#endif
