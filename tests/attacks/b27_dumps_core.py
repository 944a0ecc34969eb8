# attack: crashes, to leave its memory in a file
# catalogue: B27
# says: ended
# %%
import ctypes
import resource

try:
    resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))
    print("BREACH limit raised")
except (ValueError, OSError) as error:
    print(type(error).__name__)
ctypes.string_at(0)
