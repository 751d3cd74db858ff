"""A GGUF of 16 bits made smaller by llama.cpp's own quantizer: `python -m chatstylebot.engine.quantizer IN OUT KIND N`.

KIND is a name such as q4_k_m, N the number of threads. A child process, as all that runs llama.cpp.
"""

import sys

# llama.h: enum llama_ftype
FTYPES = {
    "q4_0": 2, "q4_1": 3, "q5_0": 8, "q5_1": 9, "q2_k": 10, "q3_k_s": 11, "q3_k_m": 12, "q3_k_l": 13, "q4_k_s": 14,
    "q4_k_m": 15, "q5_k_s": 16, "q5_k_m": 17, "q6_k": 18, "iq4_nl": 25, "iq4_xs": 30,
}  # fmt: skip


def main(source: str, output: str, kind: str, threads: int) -> None:
    """The program."""
    from cyllama.llama import llama_cpp

    params = llama_cpp.LlamaModelQuantizeParams()
    params.ftype, params.nthread = FTYPES[kind], threads
    llama_cpp.model_quantize(source, output, params)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
