# attack: takes memory that is no longer counted as its own
# catalogue: A24, B25
# open on: D
# %%
import ctypes
import mmap
import os


def take(block):
    start = ctypes.addressof(ctypes.c_char.from_buffer(block))
    ctypes.memset(start, 1, len(block))
    # The pages stay with the mapping, and leave the table of this process.
    ctypes.CDLL(None).madvise(ctypes.c_void_p(start), ctypes.c_size_t(len(block)), 4)
    resident = int(open("/proc/self/statm").read().split()[1]) * mmap.PAGESIZE
    if block[5] == 1 and resident < before + 20_000_000:
        print("BREACH uncounted")


before = int(open("/proc/self/statm").read().split()[1]) * mmap.PAGESIZE
for make in (lambda: mmap.mmap(-1, 100_000_000), lambda: mmap.mmap(os.open("/dev/zero", os.O_RDWR), 100_000_000)):
    try:
        take(make())
    except (OSError, ValueError) as error:
        print(type(error).__name__)
