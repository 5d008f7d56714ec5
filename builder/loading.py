"""How to load each layout of the files: the part of the dataset's README that people copy from."""

from typing import Literal

from builder.spec import ExportFormat

type Layout = ExportFormat | Literal["index"]
"""`index`: shards and `index.parquet`, what exports are made from."""

UNREAD_FORMATS = {"torchvision and Ultralytics": ("gif", "avif"), "Keras": ("webp", "tiff", "avif")}
"""What readers of folders pass over without a word (`torchvision.datasets.folder.IMG_EXTENSIONS`,
`keras.utils.image_dataset_utils.ALLOWLIST_FORMATS`)."""

_ORIGINS = """\
`manifest.jsonl` has a row for every candidate, the rejected ones too; `attribution.csv` says where each image is from.
"""

HOW_TO_LOAD: dict[Layout, str] = {
    "imagefolder": f"""\
```python
from datasets import load_dataset

# drop_labels: a dataset of one label would lose it otherwise
dataset = load_dataset("imagefolder", data_dir="PATH", drop_labels=False)  # splits, images and labels
```

or `torchvision.datasets.ImageFolder("PATH/train")`, or `keras.utils.image_dataset_from_directory("PATH/train")`.
{_ORIGINS}""",
    "webdataset": """\
```python
import glob
import io
import webdataset as wds
from PIL import Image

IMAGES = "jpg;png;webp;gif;bmp;tiff;avif"


def picture(key, data):  # webdataset's own decoder knows JPEG and PNG only
    return Image.open(io.BytesIO(data)).convert("RGB") if key.lstrip(".") in IMAGES.split(";") else None


shards = sorted(glob.glob("PATH/train-*.tar"))
dataset = wds.WebDataset(shards, shardshuffle=len(shards)).shuffle(5_000).decode(picture)
dataset = dataset.to_tuple(IMAGES, "cls")  # PIL image, number of the class
```

`classes.txt` has the name of class `n` in line `n + 1`; the `json` of each sample is its row of `manifest.jsonl`,
which also has the rejected candidates.
""",
    "parquet": f"""\
```python
from datasets import load_dataset

dataset = load_dataset("PATH")  # splits train, validation and test; image (PIL), label (ClassLabel) and more columns
```

The folder is as the Hugging Face Hub wants it: uploaded as it is, it has a viewer. Without `datasets`, `image` is a
struct of `bytes` and `path`. {_ORIGINS}""",
    "coco": f"""\
```python
from PIL import Image
from pycocotools.coco import COCO

coco = COCO("PATH/annotations/instances_train.json")
dataset = []
for annotation in coco.loadAnns(coco.getAnnIds()):
    (image,) = coco.loadImgs(annotation["image_id"])
    dataset.append((Image.open(f"PATH/train/{{image['file_name']}}"), annotation["category_id"] - 1))
```

or `torchvision.datasets.CocoDetection("PATH/train", "PATH/annotations/instances_train.json")`. Each image has one
annotation, its label; box and polygon are the border of the whole picture, for nobody has drawn others. That is
enough for classification, and a start for labelling tools that read COCO; it is no ground truth for detection.
Categories count from 1. {_ORIGINS}""",
    "yolo": f"""\
```bash
yolo classify train data=PATH model=yolo11n-cls.pt
```

Ultralytics takes the folder itself and numbers the classes by the folders of `train`; `data.yaml` tells these numbers.
{_ORIGINS}""",
    "csv": f"""\
```python
from datasets import load_dataset

dataset = load_dataset("imagefolder", data_dir="PATH")  # images with the columns of `PATH/*/metadata.csv`
```

or `pandas.read_csv("PATH/images.csv", keep_default_na=False)`: a line per image, all splits, with title, page and
licence too. `file_name` is relative to the table's own folder; `class` is the number of `label`.
{_ORIGINS}""",
    "jsonl": f"""\
```python
from datasets import load_dataset

dataset = load_dataset("imagefolder", data_dir="PATH")  # images with the columns of `PATH/*/metadata.jsonl`
```

or `pandas.read_json("PATH/images.jsonl", lines=True)`: an object per image, all splits. `file_name` is relative to
the table's own folder; `class` is the number of `label`; what a source did not tell is "".
{_ORIGINS}""",
    "labels": f"""\
```python
from PIL import Image

with open("PATH/train.txt") as lines:
    pairs = [line.split() for line in lines]
dataset = [(Image.open(f"PATH/{{path}}"), int(number)) for path, number in pairs]
```

`classes.txt` has the name of class `n` in line `n + 1`. `labels.csv`, `labels.json` and `labels.yaml` say the same as
`train.txt`, `val.txt` and `test.txt` together, with names. {_ORIGINS}""",
    "index": f"""\
```python
import io
import pandas as pd
from PIL import Image

index = pd.read_parquet("PATH/index.parquet")  # a row per image: label, split, size, source, licence


def picture(row):
    with open(f"PATH/{{row.shard}}", "rb") as shard:
        shard.seek(row.offset)
        return Image.open(io.BytesIO(shard.read(row.size_bytes)))


dataset = [(picture(row), row.label) for row in index[index.split == "train"].itertuples()]
```

The shards also hold duplicates and images above the target: only those in the index belong to the dataset.
{_ORIGINS}The folders in `exports/`, if there are any, have the same images ready for training.
""",
}
