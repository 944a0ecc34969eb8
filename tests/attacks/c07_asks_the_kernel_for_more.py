# attack: asks the kernel for what confined code should not have
# open on: D
# %%
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
calls = {
    "io_uring_setup": (425, 8, ctypes.create_string_buffer(120)),
    "add_key": (248, b"user", b"attack", b"x", 1, -5),
    "shmget": (29, 0x77AA, 4096, 0o1666),
    "unshare": (272, 0x10000000),
    "name_to_handle_at": (
        303,
        -100,
        b"/",
        ctypes.create_string_buffer(b"\x80" + bytes(140)),
        ctypes.byref(ctypes.c_int()),
        0,
    ),
    "pidfd_open": (434, 1, 0),
}
for name, arguments in calls.items():
    if libc.syscall(*arguments) >= 0:
        print("BREACH", name)
    else:
        print(name, ctypes.get_errno())
libc.shmctl(libc.shmget(0x77AA, 4096, 0), 0, None)
