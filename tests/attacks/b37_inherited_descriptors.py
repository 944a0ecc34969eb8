# attack: writes to what it inherited
# catalogue: B37
# %%
import os

known = {"/dev/null"}
for name in os.listdir("/proc/self/fd"):
    try:
        target = os.readlink(f"/proc/self/fd/{name}")
    except OSError:
        continue
    if "@OUT@" in target or "evidence" in target or "socket:" in target or target.endswith((".npz", ".json", "key")):
        print("BREACH descriptor", target)
