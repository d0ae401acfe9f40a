"""Patches to look at, and runs that handed them in."""

from pathlib import Path

from agent.events import EventData, Submitted
from tests.agent.tui.samples import PATCH, beginning, ending, issue, work, write_run

ONE_FILE = PATCH

THREE_FILES = '''\
diff --git a/src/shop/prices.py b/src/shop/prices.py
index 1111111..2222222 100644
--- a/src/shop/prices.py
+++ b/src/shop/prices.py
@@ -1,11 +1,13 @@ class Price:
 import math
 ·
 ·
-def clamp(value, low, high):
-    """Keep value within bounds."""
-    if value < low:
-        return low
-    if value < high:
+def clamp(value: float, low: float, high: float = math.inf) -> float:
+    """Keep a value within bounds.
+
+    Both ends count."""
+    if value < low:
+        return low  # the lowest
+    if value > high:
         return high
     return value
 ·
@@ -40,6 +42,5 @@ class Order:
 ·
     @property
     def total(self):
-        # a sum that is long gone, and was wrong from the very first day on, I am told by others
-        total = sum(line.price * 1.19 for line in self.lines)
+        total = sum(line.price for line in self.lines)
         return total
diff --git a/src/shop/tax/rates.py b/src/shop/tax/rates.py
new file mode 100644
--- /dev/null
+++ b/src/shop/tax/rates.py
@@ -0,0 +1,4 @@
+"""Rates."""
+
+
+RATES = {"DE": 0.19}
diff --git a/README.md b/README.md
--- a/README.md
+++ b/README.md
@@ -1,3 +1,3 @@
 # Shop
 ·
-It sells.
+It sells things.
'''.replace("·", "")  # an editor would take blanks at line ends away


def handed_in(patch: str, *, resolved: bool = True) -> list[EventData]:
    """The events of a whole run that handed in a patch."""
    begun = beginning(issue())
    return [*begun, *work(), Submitted(patch=patch), *ending(resolved=resolved)[1:]]


def run_with(out: Path, patch: str, *, resolved: bool = True) -> Path:
    """The folder of a run that handed in a patch and has ended."""
    events = handed_in(patch, resolved=resolved)
    return write_run(out, issue(), events, name="20260101-a", ago=900)


def long_patch(lines: int) -> str:
    """One file with so many new lines."""
    body = "".join(f"+value_{n} = {n}  # one of many\n" for n in range(lines))
    return new_file("m.py", f"@@ -0,0 +1,{lines} @@\n{body}")


def new_file(path: str, hunk: str) -> str:
    """A patch with one new file."""
    head = f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
    return head + hunk
