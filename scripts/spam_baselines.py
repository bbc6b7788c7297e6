"""Two baselines of the spam recipe: TF-IDF with logistic regression, as it comes and tuned.

python scripts/spam_baselines.py
"""

from zoo import registry
from zoo.recipes.spam import tuned_baseline
from zoo.tasks.text_label import bag_of_words


def main():
    data, spec = registry.recipe("spam").load(), {"positive": "spam"}
    for split in ("validation", "test"):
        scored = data | {"test": data[split]}
        print(f"F1 on the {split} split")
        print(f"  as scikit-learn ships them: {bag_of_words(scored, spec):.4f}")
        print(f"  tuned on the validation split: {tuned_baseline(scored, spec):.4f}")


if __name__ == "__main__":
    main()
