#!/usr/bin/python3
"""tests/io/exchange.py EXCHANGE NUMPY_WEIGHTS: arrays go from NumPy (Debian's python3-numpy) to the library and back in
every format, and come back as they were; safetensors by a reader and a writer of its own (safetensors_file.py).
Then the example that takes weights from NumPy and gives them back.
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

sys.dont_write_bytecode = True
import safetensors_file

exchange, numpy_weights = sys.argv[1:]
random = np.random.default_rng(1)
compared = 0


def arrays_of(dtype):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        draw = lambda shape: random.standard_normal(shape).astype(dtype)
    else:
        low, high = (0, 2) if dtype.kind == "b" else (max(np.iinfo(dtype).min, -1000), min(np.iinfo(dtype).max, 1000))
        draw = lambda shape: random.integers(low, high, shape).astype(dtype)
    shapes = {"a": (3, 4, 5), "scalar": (), "none": (2, 0, 3), "large": (100, 300), "eight": (1, 2, 1, 3, 1, 2, 1, 2)}
    arrays = {name: np.asarray(draw(shape)) for name, shape in shapes.items()}
    arrays["fortran"] = np.asfortranarray(draw((4, 3, 2)))
    return arrays


def write(path, arrays):
    if path.suffix == ".npy":
        np.save(path, arrays["a"])
    elif path.name.endswith("deflated.npz"):
        np.savez_compressed(path, **arrays)
    elif path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        safetensors_file.write(path, arrays, {"made by": "Python"})


def read(path):
    if path.suffix == ".npy":
        return {"a": np.load(path)}
    if path.suffix == ".npz":
        with np.load(path) as file:
            return dict(file)
    arrays, metadata = safetensors_file.read(path)
    assert metadata == {"format": "np"}
    return arrays


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    kinds = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8",
             ">i2", ">i4", ">i8", ">u2", ">u4", ">u8", ">f2", ">f4", ">f8"]
    files = ["a.npy", "stored.npz", "deflated.npz", "a.safetensors"]
    for kind in kinds:
        arrays = arrays_of(kind)
        for start in files:
            if kind.startswith(">") and start.endswith("safetensors"):
                continue
            write(folder / ("from_" + start), arrays)
            for end in files:
                for result in ["double"] if kind.endswith("f8") else ["double", "float"]:
                    source, target = folder / ("from_" + start), folder / ("to_" + end)
                    if start == "a.npy" and end != "a.npy":
                        continue
                    subprocess.run([exchange, source, target, result], check=True)
                    there = read(target)
                    names = {"a"} if "a.npy" in (start, end) else set(arrays)
                    assert set(there) == names, (kind, start, end, set(there))
                    for each in names:
                        expected = arrays[each].astype("f4" if result == "float" else "f8")
                        got = there[each]
                        assert got.dtype == expected.dtype and got.shape == expected.shape
                        assert got.tobytes() == np.ascontiguousarray(expected).tobytes(), (kind, start, end, each)
                        compared += 1

    weights = {"0.weight": random.standard_normal((2, 7)), "0.bias": random.standard_normal(7),
               "2.weight": random.standard_normal((7, 1)), "2.bias": random.standard_normal(1)}
    np.savez(folder / "weights.npz", **weights)
    subprocess.run([numpy_weights, folder / "weights.npz", folder / "weights.safetensors"], check=True,
                   stdout=subprocess.DEVNULL)
    back = safetensors_file.read(folder / "weights.safetensors")[0]
    assert set(back) == set(weights)
    for each, values in weights.items():
        assert (back[each] == 2 * values.astype("f4")).all()
        compared += 1
print(f"{compared} arrays compared, NumPy {np.__version__}")
