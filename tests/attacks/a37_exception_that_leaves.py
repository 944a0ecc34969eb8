# attack: raises an exception whose text ends the process
# catalogue: A37
# %%
import ctypes


class Leaving(Exception):
    def __str__(self):
        ctypes.CDLL(None)._exit(0)


raise Leaving
