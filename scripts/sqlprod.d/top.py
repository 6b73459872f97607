"""Draws the frames of sqlprod top, which come by descriptor 3 and end in a form feed each. q ends it, arrows scroll."""
import curses
import os
import select
import sys


def draw(screen, lines, top):
    height, width = screen.getmaxyx()
    screen.erase()
    for row, line in enumerate(lines[:2] + lines[2 + top:]):
        if row >= height:
            break
        style = curses.A_NORMAL
        if row == 0:
            style = curses.A_BOLD
        elif row == 1:
            style = curses.A_REVERSE
        elif line.startswith("  waits"):
            style = curses.A_BOLD
        elif not line.startswith("  "):
            style = curses.A_UNDERLINE
        try:
            screen.addnstr(row, 0, line.ljust(width) if row == 1 else line, width, style)
        except curses.error:
            pass  # the last cell of the screen cannot be written
    screen.refresh()


def moved(key, top, lines):
    if key == curses.KEY_DOWN:
        return min(top + 1, max(0, len(lines) - 3))
    return max(0, top - 1) if key == curses.KEY_UP else top


def run(screen):
    curses.use_default_colors()
    try:
        curses.curs_set(0)
    except curses.error:
        pass
    screen.nodelay(True)
    lines, top, read = ["sqlprod top: looking"], 0, b""
    draw(screen, lines, top)
    while True:
        ready, _, _ = select.select([0, 3], [], [])
        if 3 in ready:
            more = os.read(3, 65536)
            if not more:
                return
            read += more
            *frames, read = read.split(b"\f\n")
            if frames:
                lines = frames[-1].decode("utf-8", "replace").splitlines()
        key = screen.getch()
        while key != -1:
            if key in (ord("q"), 27):
                return
            top = moved(key, top, lines)
            key = screen.getch()
        draw(screen, lines, top)


if __name__ == "__main__":
    try:
        curses.wrapper(run)
    except KeyboardInterrupt:
        sys.exit(0)
    except curses.error as error:
        sys.exit("sqlprod: top: %s" % error)
