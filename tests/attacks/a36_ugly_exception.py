# attack: raises exceptions whose text would act on whoever reads it
# catalogue: A36, B15, B16
# %%
import sys


class Ugly(Exception):
    def __str__(self):
        return "<script>alert(1)</script>\x1b]52;c;aGk=\x07\x1b[2J\u202e\ud800\0&{{7*7}}"


print("<img src=x onerror=alert(1)>\x1b]0;owned\x07\u202e\ud800", file=sys.stdout)
raise Ugly
