# attack: opens settings of the kernel for writing
# catalogue: B23
# open on: D as root
# %%
import os

for name in ("/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/sys/kernel/uevent_helper"):
    try:
        os.close(os.open(name, os.O_WRONLY))
        print("BREACH", name)
    except OSError as error:
        print(type(error).__name__)
