# attack: becomes another user
# %%
import ctypes

libc = ctypes.CDLL(None)
before = open("/proc/self/status").read().split("CapEff:")[1].split()[0]
print(libc.setuid(0), libc.setgid(0), libc.setgroups(0, None), before)
