# attack: watches folders that it cannot list
# open on: D
# %%
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
queue = libc.inotify_init1(0)
if queue >= 0 and libc.inotify_add_watch(queue, b"@OTHERS@", 0xFFF) >= 0:
    print("BREACH watch")
