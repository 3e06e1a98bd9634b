"""Says how two outcomes differ, for a person to read."""

import difflib

LINES_MAX = 60
LINE_LENGTH_MAX = 400


def describe(expected, actual):
    """The empty string when both outcomes are the same."""
    parts = []
    if expected.status != actual.status:
        parts.append(f"status: {expected.status_text()} under the original, {actual.status_text()} under the linker under test")
    for stream in ("stdout", "stderr"):
        one, other = getattr(expected, stream), getattr(actual, stream)
        if one == other:
            continue
        lines = list(difflib.unified_diff(one.decode(errors="backslashreplace").splitlines(),
                                          other.decode(errors="backslashreplace").splitlines(),
                                          "original", "linker under test", lineterm="", n=2))
        if not lines:
            lines = [f"original: {one!r}"[:400], f"linker under test: {other!r}"[:400]]
        lines = [line if len(line) <= LINE_LENGTH_MAX else line[:LINE_LENGTH_MAX] + " ..." for line in lines]
        if len(lines) > LINES_MAX:
            lines = lines[:LINES_MAX] + [f"... {len(lines) - LINES_MAX} more lines"]
        parts.append(f"{stream} differs:\n" + "\n".join(lines))
    if parts:
        parts.append("to repeat: " + actual.command_line())
    return "\n".join(parts)
