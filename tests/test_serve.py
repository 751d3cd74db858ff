"""`csb serve` as it is typed: what it says before anything is started, and which engine it takes."""

import json
import os
import socket
from dataclasses import replace
from pathlib import Path

import gguf_files
import pytest
import yaml
from conftest import Csb
from test_train import adapter, model

from chatstylebot import processes
from chatstylebot.card import Card
from chatstylebot.engine import clone_file, gguf, keys, llamafactory, machine, quantizer, talk
from chatstylebot.errors import UserError
from chatstylebot.models import gguf_head, provenance
from chatstylebot.processes import free_port
from chatstylebot.serving import choose, engines, lineup, settings
from chatstylebot.serving.state import Limits


def test_a_port_in_use_is_told_in_two_lines(csb: Csb, place: Path) -> None:
    (place / "clone.yaml").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = csb("serve", "--port", port, code=1)
    assert f"error: cannot listen on 127.0.0.1, port {port}" in done.stderr
    assert f"try: --port {port + 1}" in done.stderr


def test_an_address_that_is_not_ours_is_told_without_a_word_about_the_port(csb: Csb, place: Path) -> None:
    (place / "clone.yaml").touch()
    for host in ("nope.invalid", "1.2.3.4"):
        done = csb("serve", "--host", host, code=1)
        assert "try: leave --host out" in done.stderr


def test_a_model_that_is_not_there_and_a_url_that_is_none_are_told(csb: Csb, place: Path) -> None:
    (place / "clone.yaml").touch()
    assert "csb train" in csb("serve", "--port", free_port(), code=1).stderr
    assert "--url http://" in csb("serve", "--engine", "url", "--port", free_port(), code=1).stderr
    assert "there is no file" in csb("serve", "--gguf", "x.gguf", "--port", free_port(), code=1).stderr


BOTH: list[choose.Engine] = ["llamacpp", "llamafactory"]


@pytest.mark.parametrize(
    ("cuda", "installed", "engine", "why"),
    [
        (True, BOTH, "llamafactory", "there is a GPU"),
        (False, BOTH, "llamacpp", "there is no GPU"),
        (True, BOTH[:1], "llamacpp", "LLaMA-Factory is not installed"),
        (False, BOTH[1:], "llamafactory", "llama.cpp, the fast one on a CPU, is not installed"),
    ],
)
def test_auto_takes_what_is_here_and_says_why(
    cuda: bool, installed: list[choose.Engine], engine: str, why: str
) -> None:
    found, reason = choose.engine("auto", None, False, None, cuda, installed)
    assert found == engine
    assert why in reason


def test_what_was_asked_for_comes_before_what_is_here() -> None:
    assert choose.engine("auto", "http://x/v1", False, None, True, [])[0] == "url"
    assert choose.engine("auto", None, True, None, True, BOTH)[0] == "llamacpp"
    assert choose.engine("auto", None, False, "vllm", False, BOTH)[0] == "llamafactory"
    assert choose.engine("llamafactory", None, True, None, False, []) == ("llamafactory", "as asked")
    with pytest.raises(UserError, match="is installed here"):
        choose.engine("auto", None, False, None, False, [])
    assert choose.backend(None, True) == ("vllm", "vLLM is installed")
    assert choose.backend("sglang", False) == ("sglang", "as asked")


@pytest.fixture
def trained(place: Path) -> Path:
    """A workspace with a model, whose tokenizer has a control token of its own, and a run of it."""
    model(place / "models" / "M")
    words = {"added_tokens": [{"content": "⟦stop⟧", "special": True}]}
    (place / "models" / "M" / "tokenizer.json").write_text(json.dumps(words))
    adapter(place / "saves" / "a", place / "models" / "M")
    return place


def lined_up(place: Path, **more: object) -> lineup.Plan:
    """A plan for LLaMA-Factory's engine with that model."""
    told = {"engine": "llamafactory", "model": "models/M", "adapter": Path("saves/a")} | more
    return lineup.Plan(Card(template="qwen"), place, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize("backend", ["vllm", "sglang", "huggingface"])
def test_a_back_end_is_passed_on_and_has_as_many_chats_as_it_can(trained: Path, backend: str) -> None:
    [served] = lineup.models(lined_up(trained, backend=backend, chats=8, context=1024), Limits())
    spec = served.engine.spec
    assert spec.start is not None
    recipe = yaml.safe_load(Path(spec.start.argv[-1]).read_text())
    assert spec.start.argv[-3:-1] == (llamafactory.program(), "api")
    assert (recipe["infer_backend"], recipe["template"], recipe["adapter_name_or_path"]) == (
        backend, "qwen", str(trained / "saves" / "a"),
    )  # fmt: skip
    keys.check(recipe, "infer")
    if backend == "huggingface":
        assert (spec.slots, spec.context, spec.start.env["MAX_CONCURRENT"]) == (1, None, "1")
    else:
        assert (spec.slots, spec.context, spec.start.env["MAX_CONCURRENT"]) == (8, 1024, "8")
        assert recipe[f"{backend}_maxlen"] == 1024
    assert served.rule.broken("⟦stop⟧") == "⟦\u2060stop⟧"


def test_without_an_adapter_the_base_speaks_as_the_clone_and_says_that_it_is_the_base(trained: Path) -> None:
    [served] = lineup.models(lined_up(trained, no_adapter=True, adapter=None), Limits())
    spec = served.engine.spec
    assert spec.start is not None
    assert (spec.id, spec.kind, spec.adapter) == ("clone", "base", None)
    recipe = yaml.safe_load(Path(spec.start.argv[-1]).read_text())
    assert "adapter_name_or_path" not in recipe
    assert recipe["default_system"] == Card().prompt()
    assert not spec.tuned


@pytest.mark.parametrize("no_adapter", [False, True])
def test_a_model_elsewhere_is_the_clone_whether_or_not_anybody_trained_it(trained: Path, no_adapter: bool) -> None:
    plan = lineup.Plan(Card(), trained, url="http://127.0.0.1:1", no_adapter=no_adapter)
    [served] = lineup.models(plan, Limits())
    assert (served.engine.spec.kind, served.engine.spec.tuned) == ("clone", not no_adapter)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"no_adapter": True}, "--no-adapter and --adapter"),
        ({"no_adapter": True, "adapter": None, "with_base": True}, "--no-adapter and --with-base"),
        ({"no_adapter": True, "adapter": None, "gguf": Path("x.gguf")}, "--no-adapter and --gguf"),
        ({"gguf": Path("x.gguf")}, "--gguf is for llama.cpp"),
        ({"url_model": "x"}, "--url-model is for a server elsewhere"),
        ({"engine": "llamacpp", "backend": "vllm"}, "--backend vllm is LLaMA-Factory's"),
        ({"engine": "url", "url": "http://x", "with_base": True}, "--with-base does not work with --url"),
        ({"url": "http://x", "engine": "url", "with_base": True, "no_adapter": True}, "--with-base does not work with"),
        ({"engine": "url", "url": "http://me:word@x/v1"}, "holds a name or a password"),
    ],
)
def test_options_that_say_two_things_at_once_are_refused(trained: Path, more: dict[str, object], why: str) -> None:
    with pytest.raises(UserError, match=why):
        lineup.models(lined_up(trained, **more), Limits())


def test_llamafactory_is_started_private_and_on_a_leash(tmp_path: Path) -> None:
    argv = ("llamafactory-cli", "api", "x.yaml")
    spec = engines.llamafactory("clone", "clone", argv, {"A": "1"}, tmp_path, "python", 1, tmp_path / "log")
    assert spec.start is not None
    assert spec.start.argv == ("python", "-m", "chatstylebot.leash", *argv)
    assert (spec.start.key_env, spec.start.port_env) == ("API_KEY", "API_PORT")
    wanted = {"API_HOST": "127.0.0.1", "API_VERBOSE": "0", "A": "1", "MAX_CONCURRENT": "1"}
    assert wanted.items() <= dict(spec.start.env).items()


def test_llamafactory_s_threads_wait_without_spinning_and_llama_cpp_s_as_they_do_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in processes.CALM:
        monkeypatch.delenv(name, raising=False)
    call = llamafactory.call("api", tmp_path / "r.yaml", tmp_path)
    theirs = engines.llamafactory("clone", "clone", call.argv, call.env, tmp_path, "python", 1, tmp_path / "log")
    fast = engines.llamacpp("clone", "clone", tmp_path / "m.gguf", "python", 1, 2, 512, tmp_path / "log")
    assert theirs.start is not None
    assert fast.start is not None
    assert processes.CALM.items() <= dict(theirs.start.env).items()
    assert not processes.CALM.keys() & fast.start.env


def test_each_engine_is_asked_in_its_own_words(tmp_path: Path) -> None:
    wish = engines.wish([{"role": "user", "content": "x"}], Card().sampling, temperature=0, seed=5, stop=["e"])
    spec = engines.llamafactory("clone", "clone", (), {}, tmp_path, "python", 1, tmp_path / "log")
    asked = engines.payload(spec, "m", wish, stream=True)
    # its presence_penalty is the repetition penalty; it knows neither seed nor stop
    assert (asked["do_sample"], asked["presence_penalty"]) == (False, 1.0)
    assert not {"seed", "stop", "temperature"} & asked.keys()
    spec = engines.llamacpp("clone", "clone", tmp_path, "python", 8, 2, 2048, tmp_path / "log")
    asked = engines.payload(spec, "m", wish, stream=True)
    assert (asked["seed"], asked["stop"], asked["repeat_penalty"]) == (5, ["e"], 1.0)
    for seed in (-1, (1 << 32) - 1):  # llama.cpp takes either for: any
        assert 0 <= engines.payload(spec, "m", replace(wish, seed=seed), False)["seed"] < (1 << 32) - 1
    assert asked["stream_options"] == {"include_usage": True}
    plain = engines.payload(engines.Spec("clone", "clone", "url", 8), "gpt", wish, stream=False)
    assert plain.keys() == {"model", "messages", "max_tokens", "temperature", "top_p", "seed", "stop"}


def test_a_server_elsewhere_is_reached_under_v1_however_it_is_written() -> None:
    for address in ("http://x:1", "http://x:1/", "http://x:1/v1", "http://x:1/v1/"):
        spec = engines.url(address, "m", 3, "k")
        assert (spec.url, spec.name, spec.slots, spec.key, spec.start) == ("http://x:1/v1", "m", 3, "k", None)


@pytest.mark.skipif(os.name == "nt", reason="file modes")
def test_a_clone_whose_card_changed_since_training_is_told_on_every_engine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model(tmp_path / "M")
    adapter(tmp_path / "a", tmp_path / "M")
    provenance.write(tmp_path / "a", system="You are somebody else.")
    card = Card(name="Mia", template="smollm")
    file = tmp_path / "exported" / "a-q8_0.gguf"
    file.parent.mkdir()
    values = talk.recipe(card, tmp_path, str(tmp_path / "M"), tmp_path / "a", False)
    gguf_files.gguf(file, {gguf_head.MADE_OF: json.dumps(clone_file.identity(values, "q8_0"))})
    assert clone_file.ready(tmp_path, card, str(tmp_path / "M"), tmp_path / "a", False) == file
    assert "note: the card's prompt has changed since training; it was: You are somebody" in capsys.readouterr().err
    provenance.write(tmp_path / "a", template="qwen")
    told = talk.prompt_differs(card, str(tmp_path / "a"))
    assert told == "the card says template: smollm; the adapter was trained with qwen"


def written(place: Path, **values: object) -> Path:
    """A settings.json with these arguments of llama3."""
    file = place / "s.json"
    file.write_text(
        json.dumps({"llama3_args": {"model_name_or_path": "models/M"} | values, "qwen2_args": {}, "glm4_args": []})
    )
    return file


def test_the_original_s_settings_count_whole(place: Path) -> None:
    file = written(
        place, adapter_name_or_path="saves/a", template="llama3", temperature=0.4, default_system="You are Li.",
        infer_backend="vllm", quantization_bit=4, top_k=20, finetuning_type="lora",
    )  # fmt: skip
    told = settings.load(Card(name="x"), place, file, "llama3")
    assert (told.model, told.adapter) == (str(place / "models/M"), place / "saves/a")
    card = told.card
    assert (card.template, card.sampling.temperature, card.sampling.top_p, card.name) == ("llama3", 0.4, 0.95, "x")
    assert card.prompt() == "You are Li."
    assert (told.backend, told.engine_keys) == ("vllm", {"quantization_bit": 4, "top_k": 20})


@pytest.mark.parametrize("more", [{}, {"adapter_name_or_path": ""}, {"finetuning_type": "full"}])
def test_settings_without_an_adapter_serve_the_base_or_merged_model_itself(place: Path, more: dict[str, str]) -> None:
    model(place / "models" / "M")
    told = settings.load(Card(), place, written(place, template="llama3", **more), "llama3")
    values = talk.recipe(told.card, place, told.model, told.adapter, False)
    assert (values["model_name_or_path"], values["finetuning_type"]) == (str(place / "models/M"), "full")
    assert "adapter_name_or_path" not in values
    assert values["template"] == "llama3"


@pytest.mark.parametrize(
    ("name", "more", "why"),
    [
        ("llama", {}, r"did you mean llama3\?"),
        ("qwen2", {}, "no model_name_or_path"),
        ("llama3", {"model_name_or_path": ""}, "no model_name_or_path"),
        ("llama3", {"model_name_or_path": 5}, "no model_name_or_path"),
        ("glm4", {}, "glm4_args in s.json holds no keys"),
        ("llama3", {"temprature": 1}, r"unknown key temprature \(did you mean temperature\?\)"),
        ("llama3", {"infer_backend": "vlm"}, "did you mean vllm"),
        ("llama3", {"temperature": 9}, "temperature"),
        ("llama3", {"adapter_name_or_path": "saves/a", "finetuning_type": "full"}, "which leaves no adapter"),
    ],
)
def test_settings_that_are_wrong_are_told(place: Path, name: str, more: dict[str, object], why: str) -> None:
    with pytest.raises(UserError, match=why):
        settings.load(Card(), place, written(place, **more), name)


def test_the_free_cores_are_those_that_idle() -> None:
    before, after = "cpu  100 0 0 100 0 0 0 0 0 0\n", "cpu  150 0 0 150 0 0 0 0 0 0\n"
    assert machine.idle_share(before, after) == 0.5
    assert machine.idle_share(before, before) == 1.0
    assert 1 <= machine.free_cores(0.01) <= (os.cpu_count() or 1)


def test_a_kind_of_gguf_that_is_none_is_told_which_there_are(csb: Csb, place: Path) -> None:
    told = csb("export", "--gguf", "q9", code=1).stderr
    assert "'q9' is no kind of GGUF that csb makes\ntry: --gguf with one of f32, f16, bf16, q8_0, q6_k, " in told
    assert "'iq1_s' is no kind" in csb("export", "--gguf", "iq1_s", code=1).stderr


def test_words_of_an_export_that_mean_nothing_are_refused(csb: Csb, place: Path) -> None:
    assert "'' is no kind of GGUF" in csb("export", "--gguf", "", code=1).stderr
    told = csb("export", "--base", "--gguf", "f16", "--adapter", "a", code=1).stderr
    assert "error: --base and --adapter together make no sense" in told


def test_without_the_quantizer_the_user_is_told_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf, "find_spec", lambda name: None)
    gguf.check_kind("q8_0")  # the converter writes it by itself
    with pytest.raises(UserError, match="cyllama, which brings it, is not installed") as told:
        gguf.check_kind("q4_k_m")
    assert "llama-quantize F16.gguf NEW.gguf q4_k_m" in told.value.remedy


def test_every_kind_that_is_offered_has_a_number_and_the_smallest_come_first() -> None:
    assert gguf.QUANTIZED.keys() == quantizer.FTYPES.keys()
    assert list(gguf.QUANTIZED.values()) == sorted(gguf.QUANTIZED.values())


CASE = {"ids": [1, 2, 3], "answer": [7, 8, 9, 2]}
SAME = {"ids": [1, 2, 3], "read": 3, "answer": [7, 8, 9, 2]}


def test_a_gguf_that_reads_a_prompt_otherwise_is_refused() -> None:
    with pytest.raises(UserError, match="from token 1 on"):
        gguf.compare([CASE], [SAME | {"ids": [1, 9, 3]}], "f16")
    with pytest.raises(UserError, match=r"3 and 4 tokens"):  # a second BOS that only the server adds
        gguf.compare([CASE], [SAME | {"read": 4}], "f16")


def test_a_gguf_that_answers_otherwise_than_its_kind_may_is_refused() -> None:
    assert gguf.compare([CASE], [SAME], "f32").agreement == 1.0
    one_off = SAME | {"answer": [7, 8, 5, 2]}
    with pytest.raises(UserError, match="only 75% of the GGUF's greedy tokens are the model's") as told:
        gguf.compare([CASE], [one_off], "f16")
    assert "a larger kind" not in told.value.remedy
    assert gguf.compare([CASE], [one_off], "q4_k_m").agreement == 0.75
    with pytest.raises(UserError, match="30% are expected of q2_k") as told:
        gguf.compare([CASE], [SAME | {"answer": [0, 0, 0, 2]}], "q2_k")
    assert told.value.remedy.startswith("a larger kind, --gguf q8_0; or ")
    unknown = gguf.compare([CASE | {"answer": None}], [SAME | {"answer": []}], "f32")
    assert "were not compared" in unknown.line()


def test_the_modelfile_has_prompt_template_stops_and_sampling() -> None:
    told = {"ollama": "{{ .System }}", "stops": ["<|im_end|>"]}
    text = gguf.modelfile("a.gguf", told, Card(system="你是小林。", context=1 << 20))
    for line in (
        "FROM ./a.gguf", 'SYSTEM """你是小林。"""', 'PARAMETER stop "<|im_end|>"', "PARAMETER top_p 0.95",
        "PARAMETER num_ctx 1048576",
    ):  # fmt: skip
        assert line in text.splitlines()


@pytest.mark.parametrize(
    ("prompt", "written"), [('a """b""" c', "SYSTEM \"\"\"a '''b''' c\"\"\""), ('say "hi"', 'SYSTEM """say "hi" """')]
)
def test_quotes_in_the_prompt_do_not_end_the_modelfiles_text(prompt: str, written: str) -> None:
    told = {"ollama": "{{ .System }}", "stops": []}
    assert written in gguf.modelfile("a.gguf", told, Card(system=prompt)).splitlines()
