"""Safetensors files by NumPy alone: another reading of the format than the library's, for tests."""
import json
import struct
import zlib

import numpy as np

NAMES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
         "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?"}


def name_of(dtype):
    return next(name for name, text in NAMES.items() if np.dtype(text) == dtype)


def write(path, arrays, metadata=None):
    header, data = {} if metadata is None else {"__metadata__": metadata}, b""
    for name, array in arrays.items():
        numbers = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        header[name] = {"dtype": name_of(array.dtype), "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(numbers)]}
        data += numbers
    if metadata is not None and "crc32" in metadata:
        metadata["crc32"] = "%08x" % zlib.crc32(data)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read(path):
    """The arrays by name, and the metadata."""
    with open(path, "rb") as file:
        contents = file.read()
    begin = 8 + struct.unpack("<Q", contents[:8])[0]
    header, arrays = json.loads(contents[8:begin]), {}
    metadata = header.pop("__metadata__", {})
    for name, each in header.items():
        first, last = each["data_offsets"]
        numbers = np.frombuffer(contents[begin + first : begin + last], NAMES[each["dtype"]])
        arrays[name] = numbers.reshape(each["shape"])
    assert sum(a.nbytes for a in arrays.values()) == len(contents) - begin
    return arrays, metadata
