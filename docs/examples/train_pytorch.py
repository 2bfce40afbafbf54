"""Trains small PyTorch networks on iris to a critical point and exports them for `fact check`.

    python train_pytorch.py fixtures/small/iris.csv fixtures/pytorch

writes x.npy (float64, standardised), y.npy (int64 class labels) and three state dicts of the same
inputs: deep.safetensors (float64, cross-entropy, L-BFGS), relu.safetensors (float32, half squared
error, full-batch gradient descent with coupled decay) and adamw.safetensors (float32, decoupled
decay: FACT must not hold). Needs torch, numpy and safetensors; nothing else of this project.
"""

import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

DECAY = 3e-3


def deep(x, y):
    """Five hidden layers, so that the names run to "10.weight"."""
    layers = [nn.Linear(4, 8), nn.Tanh()]
    for _ in range(4):
        layers += [nn.Linear(8, 8), nn.Tanh()]
    net = nn.Sequential(*layers, nn.Linear(8, 3)).double()
    optimizer = torch.optim.LBFGS(
        net.parameters(),
        max_iter=20000,
        max_eval=40000,
        tolerance_grad=1e-11,
        tolerance_change=0.0,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def objective():
        optimizer.zero_grad()
        penalty = sum(w.square().sum() for w in net.parameters())
        value = nn.functional.cross_entropy(net(x), y) + DECAY / 2 * penalty
        value.backward()
        return value

    optimizer.step(objective)
    return net


def shallow(x, y, optimizer, steps):
    """One hidden layer of plain ReLU, loss ½‖f − y‖² of one-hot targets, mean over the samples."""
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    x, y = x.float(), nn.functional.one_hot(y).float()
    step = optimizer(net.parameters())
    for _ in range(steps):
        step.zero_grad()
        (0.5 * (net(x) - y).square().sum(dim=1)).mean().backward()
        step.step()
    return net


def main():
    source, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    table = np.loadtxt(source, delimiter=",", skiprows=1, dtype=str)
    x = table[:, :-1].astype(np.float64)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = np.unique(table[:, -1], return_inverse=True)[1].astype(np.int64)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    torch.manual_seed(1)
    save_file(deep(x, y).state_dict(), folder / "deep.safetensors")
    coupled = lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.9, weight_decay=DECAY)
    save_file(shallow(x, y, coupled, 20000).state_dict(), folder / "relu.safetensors")
    decoupled = lambda w: torch.optim.AdamW(w, lr=1e-3, weight_decay=DECAY)
    save_file(shallow(x, y, decoupled, 20000).state_dict(), folder / "adamw.safetensors")


if __name__ == "__main__":
    main()
