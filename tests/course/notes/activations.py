# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Activations
#
# What `ReLU` does to a *negative* number:
# $\max(0, x)$.

# %%
import torch

x = torch.linspace(-2, 2, 5)
torch.relu(x)

# %% [markdown]
# | name | range |
# |---|---|
# | sigmoid | (0, 1) |
# | tanh | (-1, 1) |

# %% How long it takes
# %timeit torch.tanh(x)
# copy the result, so that `x` stays
y = torch.tanh(x).clone()

# %% language="bash"
# nvidia-smi

# %% tags=["raises-exception"]
# %matplotlib inline
torch.relu("x")
