#!/usr/bin/python3
"""The manual page and the guide name no function or type that the header lacks, and the header explains each function.

manual.py HEADER MANUAL GUIDE.  That the libraries export what the header declares, and that the page names it all, is
run-installed.sh's."""
import re
import sys

HEADER, *PAGES = (open(path, encoding="utf-8").read() for path in sys.argv[1:])
NAME = r"\brelink_[a-z0-9_]+\b|\bRELINK_[A-Z0-9_]+\b"
ENVIRONMENT = {"RELINK_DEBUG", "RELINK_DEBUG_OUTPUT", "RELINK_MUTATIONS"}

known = set(re.findall(NAME, HEADER)) | ENVIRONMENT
problems = [f"the header does not know {name}" for page in PAGES for name in sorted(set(re.findall(NAME, page)) - known)
            if not name.endswith("_")]
makers = set(re.findall(r"static inline relink_input (relink_[a-z0-9_]+)\(", HEADER))
problems += [f"relink(3) lacks {name}" for name in sorted(makers) if name not in PAGES[0]]
# Something is said in front of each function, or of the group that it stands in.
problems += ["nothing is said about:\n" + block for block in re.split(r"\n\s*\n", HEADER)
             if "RELINK_API" in block and "#define" not in block and "/*" not in block]
print("\n".join(problems) or f"{len(known)} names")
sys.exit(1 if problems else 0)
