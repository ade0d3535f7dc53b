"""The models that ONNX Runtime runs: the base encoder exported, with mean pooling, fused and quantized.

    python export.py BASE WORK

writes to WORK what is not there yet. Each file is GRAPH.WEIGHTS.onnx:

- GRAPH `plain` is the graph as PyTorch exports it; `unmasked` the same without an attention mask, which is
  faster where no text is padded; `fused` went through onnxruntime.transformers.optimizer.
- WEIGHTS are `fp32`, or `int8_tensor` and `int8_channel`: dynamic quantization with one scale for each
  matrix or for each of its columns. Signed weights, because they are the faster ones.
"""

import argparse
import json
import logging
import os
import sys
import warnings
from pathlib import Path

GRAPHS = ("plain", "unmasked", "fused")
WEIGHTS = ("fp32", "int8_tensor", "int8_channel")


def model_path(work: Path, graph: str, weights: str) -> Path:
    """Where a model lies."""
    return work / f"{graph}.{weights}.onnx"


def export_plain(base: Path, path: Path, masked: bool) -> None:
    """Writes the graph from token ids (and mask) to each text's mean hidden state."""
    import torch
    from transformers import AutoModel

    class Pooled(torch.nn.Module):
        """The encoder with mean pooling."""

        def __init__(self, masked: bool) -> None:
            super().__init__()
            self.masked = masked
            # "eager" attention gives the faster graph; the optimizer also knows it.
            self.encoder = AutoModel.from_pretrained(base, attn_implementation="eager").eval()

        def forward(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
            states = self.encoder(
                input_ids=ids, attention_mask=mask, token_type_ids=torch.zeros_like(ids)
            ).last_hidden_state
            if mask is None:
                return states.mean(1)
            there = mask.unsqueeze(2).to(states.dtype)
            return (states * there).sum(1) / there.sum(1)

    ids = torch.ones(2, 16, dtype=torch.int64)
    inputs = {"ids": ids, "mask": torch.ones_like(ids)} if masked else {"ids": ids}
    torch.onnx.export(
        Pooled(masked),
        tuple(inputs.values()),
        path,
        input_names=list(inputs),
        output_names=["means"],
        dynamic_axes={name: {0: "texts", 1: "tokens"} for name in inputs} | {"means": {0: "texts"}},
        opset_version=17,
        dynamo=False,
    )


def fuse(base: Path, plain: Path, path: Path) -> None:
    """Runs ONNX Runtime's own optimizer for transformers over a graph."""
    from onnxruntime.transformers import optimizer

    config = json.loads((base / "config.json").read_text())
    optimizer.optimize_model(
        str(plain),
        model_type="bert",
        num_heads=config["num_attention_heads"],
        hidden_size=config["hidden_size"],
        opt_level=0,
    ).save_model_to_file(str(path))


def quantize(source: Path, path: Path, per_channel: bool) -> None:
    """Quantizes the weights; activations are quantized as they come."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source,
        path,
        per_channel=per_channel,
        weight_type=QuantType.QInt8,
        # Fused operators tell no output type; all of them give f32.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def export_all(base: Path, work: Path) -> None:
    """Writes each model that is missing."""
    work.mkdir(parents=True, exist_ok=True)
    for graph in GRAPHS:
        for weights in WEIGHTS:
            path = model_path(work, graph, weights)
            if path.exists():
                continue
            print(f"exporting {path.name}", file=sys.stderr)
            # Written beside and moved, so that what was interrupted is not taken for a model.
            unfinished = path.with_suffix(".unfinished")
            if weights != "fp32":
                quantize(model_path(work, graph, "fp32"), unfinished, weights == "int8_channel")
            elif graph == "fused":
                fuse(base, model_path(work, "plain", "fp32"), unfinished)
            else:
                export_plain(base, unfinished, masked=graph == "plain")
            os.replace(unfinished, path)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Exports the models for ONNX Runtime.")
    parser.add_argument("base", type=Path)
    parser.add_argument("work", type=Path)
    arguments = parser.parse_args()
    # The exporter and the quantizer warn of what is as it should be here.
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    os.environ |= {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
    export_all(arguments.base, arguments.work)


if __name__ == "__main__":
    main()
