#!/usr/bin/env python3
"""Times peers and this repository by turns; prints the record as JSON. See README.md beside it."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHAPES = [(2000, 50, 1), (4000, 50, 1), (4000, 122, 61)]
ROUNDS = {"kernel": "kernel + slope", "cholesky": "Cholesky", "solve": "solve", "agop": "AGOP", "fact": "FACT"}


def least(runs, repeats, work):
    """Milliseconds of one of `repeats` calls, the least of `runs` such times."""
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        best = min(best, (time.perf_counter() - start) * 1e3 / repeats)
    return best


def numpy_round(n, d, c):
    """Stages of one round with a Gaussian kernel, in place wherever numpy can."""
    import numpy as np
    from scipy.linalg import cho_solve
    from scipy.linalg.lapack import spotrf

    f = np.float32
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, d), dtype=f)
    y = rng.standard_normal((n, c), dtype=f)
    metric = np.eye(d, dtype=f)
    rate = f(0.5 / d)
    best = {}

    def lap(name, start):
        now = time.perf_counter()
        best[name] = min(best.get(name, float("inf")), (now - start) * 1e3)
        return time.perf_counter()

    for _ in range(4):
        start = begun = time.perf_counter()
        image = x @ metric
        norms = np.einsum("ij,ij->i", image, x)
        kernel = image @ x.T
        kernel *= 2
        kernel -= norms
        kernel -= norms[:, None]
        np.minimum(kernel, 0, out=kernel)
        kernel *= rate
        np.exp(kernel, out=kernel)
        slope = kernel * -rate
        start = lap("kernel", start)
        kernel.flat[:: n + 1] += f(1e-2)
        factor, info = spotrf(kernel.T, lower=1, overwrite_a=1, clean=0)
        assert info == 0
        start = lap("cholesky", start)
        dual = cho_solve((factor, True), y)
        start = lap("solve", start)
        solved = (start - begun) * 1e3

        start = time.perf_counter()
        if c * d <= n:
            # Gradients, all outputs in one product.
            scaled = np.concatenate([x, np.ones((n, 1), f)], axis=1)
            scaled = (dual[:, :, None] * scaled[:, None, :]).reshape(n, c * (d + 1))
            product = (slope @ scaled).reshape(n, c, d + 1)
            p = (product[:, :, -1:] * x[:, None, :] - product[:, :, :-1]).reshape(n * c, d)
            square = p.T @ p
        else:
            # Sums over pairs: with many outputs, cheaper than all gradients.
            u = slope @ dual
            pairs = slope @ slope
            outer = dual @ dual.T
            pairs *= outer
            cross = u @ dual.T
            cross *= slope
            half = x.T @ (cross @ x)
            weights = np.einsum("ij,ij->i", u, u)
            square = x.T @ (weights[:, None] * x) - half - half.T + x.T @ (pairs @ x)
        metric @ square @ metric
        lap("agop", start)
        best["round_agop"] = min(best.get("round_agop", 1e9), solved + (time.perf_counter() - start) * 1e3)

        start = time.perf_counter()
        pairs = dual @ dual.T
        pairs *= slope
        p = pairs.sum(axis=1)[:, None] * x
        p -= pairs @ x
        metric @ (p.T @ x)
        lap("fact", start)
        best["round_fact"] = min(best.get("round_fact", 1e9), solved + (time.perf_counter() - start) * 1e3)
        del kernel, factor, slope, pairs
    return best


def xrfm_round(n, d, c):
    """One round of xrfm with its fastest exact solver: predictor, validation on 64 samples, AGOP."""
    import torch
    from xrfm.rfm_src import RFM

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(1)
    x, y = torch.randn(n + 64, d), torch.randn(n + 64, c)
    laps = []
    model = RFM(kernel="l2", bandwidth=d**0.5, device="cpu", verbose=False, solver="cholesky")
    model.fit(
        (x[:n], y[:n]),
        (x[n:], y[n:]),
        iters=4,
        reg=1e-2,
        early_stop_rfm=False,
        return_best_params=False,
        total_points_to_sample=n,
        callback=lambda iteration: laps.append(time.perf_counter()),
    )
    return {"round": min(end - start for start, end in zip(laps, laps[1:])) * 1e3}


def torch_network():
    """SGD steps of 64-32-10 and the gradient of all of digits."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(1)
    lines = (ROOT / "fixtures/small/digits.csv").read_text().splitlines()[1:]
    table = torch.tensor([[float(field) for field in line.split(",")] for line in lines])
    x = (table[:, :64] / 16).contiguous()
    y = torch.nn.functional.one_hot(table[:, 64].long(), 10).float()
    sigmoid = torch.nn.Sigmoid
    net = torch.nn.Sequential(torch.nn.Linear(64, 32), sigmoid(), torch.nn.Linear(32, 10), sigmoid())
    loss = torch.nn.MSELoss()

    def stepper(net, optimizer, batch):
        inputs, targets = x[:batch], y[:batch]

        def step():
            optimizer.zero_grad()
            loss(net(inputs), targets).backward()
            optimizer.step()

        return step

    def gradient():
        net.zero_grad()
        loss(net(x), y).backward()

    times = {"gradient": least(5, 50, gradient)}
    optimizers = [torch.optim.SGD(net.parameters(), lr=0.01)]
    optimizers.append(torch.optim.SGD(net.parameters(), lr=0.01, fused=True))
    for batch in (1, 32):
        steps = [stepper(net, optimizer, batch) for optimizer in optimizers]
        times[f"step_{batch}"] = min(least(5, 500, step) for step in steps)
    try:
        # Compiled, where there is a C++ compiler: the faster of both counts.
        compiled = torch.compile(net)
        for batch in (1, 32):
            step = stepper(compiled, optimizers[1], batch)
            step()
            times[f"step_{batch}"] = min(times[f"step_{batch}"], least(5, 500, step))
    except Exception as failure:  # Whatever the compiler says, the plain step stands.
        print(f"torch.compile: {type(failure).__name__}, left out", file=sys.stderr)
    return times


def versions():
    """Of every peer in this environment."""
    import numpy as np
    import torch
    from importlib.metadata import version

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {"numpy": np.__version__, "openblas": blas["version"], "torch": torch.__version__, "xrfm": version("xrfm")}


PARTS = {"numpy_round": numpy_round, "xrfm_round": xrfm_round, "torch_network": torch_network, "versions": versions}


def run(command, threads):
    """The JSON that a command prints, with so many threads."""
    counts = ["RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
    environment = os.environ | {name: str(threads) for name in counts}
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    return json.loads(output.stdout.splitlines()[-1])


def peer(part, *numbers):
    return [sys.executable, __file__, "--part", part, *map(str, numbers)]


def by_turns(turns, threads, commands):
    """Least times of each command, all of them run once in every turn."""
    best = [{} for _ in commands]
    for turn in range(turns):
        print(f"{threads} threads, turn {turn + 1} of {turns}: {commands[0][1:]}", file=sys.stderr)
        for least_of, command in zip(best, commands):
            for name, value in run(command, threads).items():
                least_of[name] = min(least_of.get(name, float("inf")), value)
    return best


def row(operation, shape, threads, ours, theirs, name, unit="ms", target=""):
    row = {"operation": operation, "shape": shape, "precision": "f32", "threads": threads}
    row |= {"ours": float(f"{ours:.4g}"), "peer": float(f"{theirs:.4g}"), "peer_name": name, "unit": unit}
    return row | {"target": target}


def rounds(example, turns):
    for n, d, c in SHAPES:
        shape = f"n={n}, d={d}, c={c}"
        headline = (n, c) == (4000, 1)
        for threads in (1, 2):
            commands = [[example, "round", str(n), str(d), str(c)], peer("numpy_round", n, d, c)]
            if headline:
                commands.append(peer("xrfm_round", n, d, c))
            ours, numpy, *xrfm = by_turns(turns, threads, commands)
            for name, title in ROUNDS.items():
                yield row(title, shape, threads, ours[name], numpy[name], "numpy")
            for name in ("fact", "agop"):
                title, goal = f"round with {ROUNDS[name]}", headline and threads == 2
                value, target = ours[f"round_{name}"], "≤ 0.65 of the peer" if goal else ""
                yield row(title, shape, threads, value, numpy[f"round_{name}"], "numpy", target=target)
            for times in xrfm:
                target = "≤ 0.5 of the peer" if threads == 2 else ""
                yield row("round with AGOP", shape, threads, ours["round_agop"], times["round"], "xrfm", target=target)


def networks(example, turns):
    for threads in (1, 2):
        ours, torch = by_turns(turns, threads, [[example, "network"], peer("torch_network")])
        for batch, factor in ((1, 50), (32, 10)):
            name, target = f"step_{batch}", f"≥ {factor} times faster"
            times = (ours[name] * 1e3, torch[name] * 1e3)
            yield row("SGD step", f"64-32-10, batch {batch}", threads, *times, "PyTorch", "us", target)
        times = (ours["gradient"] * 1e3, torch["gradient"] * 1e3)
        yield row("gradient", "64-32-10, 1797 samples", threads, *times, "PyTorch", "us", "≥ 1 times as fast")


def linalg(example, turns):
    (times,) = by_turns(turns, 1, [[example, "linalg"]])
    for n in (256, 512, 1024):
        rates = [2 * n**3 / times[name] / 1e6 for name in (f"gemm_{n}", f"peer_gemm_{n}")]
        yield row("gemm", f"n={n}", 1, *rates, "faer", "GFLOP/s", "≥ 0.4 of the peer's rate")
    rates = [1000**3 / 3 / times[name] / 1e6 for name in ("cholesky", "peer_cholesky")]
    yield row("Cholesky", "n=1000", 1, *rates, "faer", "GFLOP/s", "≥ 0.4 of the peer's rate")


def machine():
    def field(path, name):
        lines = pathlib.Path(path).read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(name))

    gib = int(field("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    model = field("/proc/cpuinfo", "model name")
    return {"cpu": model, "threads": os.cpu_count(), "memory_gib": round(gib), "os": platform.platform()}


def locked(name):
    """Version of a crate in Cargo.lock."""
    text = (ROOT / "Cargo.lock").read_text()
    return text.split(f'name = "{name}"\nversion = "')[1].split('"')[0]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--turns", type=int, default=5)
    arguments.add_argument("--only", choices=["round", "network", "linalg"])
    arguments.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    arguments = arguments.parse_args()
    if arguments.part:
        name, *numbers = arguments.part
        print(json.dumps(PARTS[name](*map(int, numbers))))
        return
    build = ["cargo", "build", "--release", "--package", "fact-host", "--example", "rust_peers"]
    build += ["--message-format", "json-render-diagnostics"]
    messages = subprocess.run(build, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    example = next(path for line in messages if (path := json.loads(line).get("executable")))
    parts = {"round": rounds, "network": networks, "linalg": linalg}
    chosen = [part for name, part in parts.items() if arguments.only in (None, name)]
    rustc = subprocess.run(["rustc", "--version"], cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout.split()[1]
    crates = {"fact": locked("fact-core"), "rustc": rustc, "gemm": locked("gemm"), "faer": locked("faer")}
    record = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "versions": crates | run(peer("versions"), 1),
        "rows": [row for part in chosen for row in part(example, arguments.turns)],
    }
    print(json.dumps(record, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
