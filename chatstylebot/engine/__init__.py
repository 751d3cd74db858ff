"""The only room that knows LLaMA-Factory and llama.cpp's converter: calls, keys, failures, the machine they run on."""
