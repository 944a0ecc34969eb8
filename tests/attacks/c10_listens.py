# attack: opens doors for others: listens, speaks netlink and raw
# open on: D
# %%
import socket

ways = [
    (socket.AF_INET, socket.SOCK_STREAM, 0),
    (socket.AF_NETLINK, socket.SOCK_RAW, 0),
    (socket.AF_UNIX, socket.SOCK_DGRAM, 0),
]
for family, kind, protocol in ways:
    try:
        door = socket.socket(family, kind, protocol)
        if family == socket.AF_INET:
            door.bind(("127.0.0.1", 0))
            door.listen()
        print("BREACH socket", family)
    except OSError as error:
        print(type(error).__name__)
