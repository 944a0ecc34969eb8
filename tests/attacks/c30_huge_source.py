# attack: code on which parsers break
# catalogue: B08
# %%
x = @MINUS@1
