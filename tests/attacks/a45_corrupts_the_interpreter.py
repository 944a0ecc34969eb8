# attack: writes into small integers and frees what is in use
# catalogue: A45
# says: ended
# %%
import ctypes

for number in range(1, 100):
    ctypes.memset(id(number) + 16, 0xFF, 12)
ctypes.memset(id(dict), 0, 4096)
