# attack: raises an exception whose text never comes
# catalogue: A36
# %%
class Endless(Exception):
    def __str__(self):
        while True:
            pass


raise Endless
