# attack: waits for ever in C, where Python cannot interrupt
# catalogue: A27
# says: out of time
# %%
import ctypes

libc = ctypes.PyDLL(None)
while True:
    libc.usleep(100_000_000)
