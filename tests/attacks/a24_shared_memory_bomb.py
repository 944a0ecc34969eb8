# attack: takes shared memory without end
# catalogue: A24, B25
# says: memory
# %%
import mmap

held = []
while True:
    held.append(mmap.mmap(-1, 100_000_000))
    for place in range(0, 100_000_000, 4096):
        held[-1][place] = 1
