# attack: sends to whoever listens on this machine
# catalogue: A40
# open on: D
# %%
import socket

word = b"exfil-@NAME@"
ways = [
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int("@TCP@"))),
    (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", int("@UDP@"))),
    (socket.AF_UNIX, socket.SOCK_STREAM, "\0@ABSTRACT@"),
    (socket.AF_UNIX, socket.SOCK_STREAM, "@UNIX@"),
]
for family, kind, address in ways:
    try:
        with socket.socket(family, kind) as link:
            link.connect(address)
            link.send(word)
    except OSError as error:
        print(type(error).__name__)
