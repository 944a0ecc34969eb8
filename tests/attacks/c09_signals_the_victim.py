# attack: signals another process and changes its limits
# open on: D as root
# needs: victim
# %%
import ctypes

libc = ctypes.CDLL(None)
print(libc.kill(int("@VICTIM@"), 10), libc.syscall(234, int("@VICTIM@"), int("@VICTIM@"), 10))
new = (ctypes.c_ulong * 2)(5, 5)
if libc.syscall(302, int("@VICTIM@"), 7, new, None) == 0:
    print("BREACH limits")
