# attack: recurses until the stack of C is full
# catalogue: A31
# %%
import sys

sys.setrecursionlimit(10**9)


class Deep:
    def __getattr__(self, name):
        return getattr(self, name)


Deep().x
