# attack: a text in which whoever looks for keys, or colours it, begins anew at every letter
# points: 0
# %%
# @KEYS@
x = 1
@BLANKS@
# %%
y = """
@BLANKS@"""
z = [@WORDS@]
