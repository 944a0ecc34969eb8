# attack: reaches secrets through hard and symbolic links
# open on: C, D
# %%
import os

for make in (os.link, os.symlink):
    for number, secret in enumerate(("@PUBLIC@", "@PRIVATE@", "@MNIST@")):
        name = f"{make.__name__}-{number}"
        try:
            make(secret, name)
            print(open(name, "rb").read()[:300])
        except OSError as error:
            print(type(error).__name__)
