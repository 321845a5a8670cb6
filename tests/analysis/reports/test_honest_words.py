"""The words of HONESTY D.7 are refused in both languages, and only where the rows do not support them."""

import pytest
from django.utils import translation

from analysis.reports.honest_words import STRUCK, Claims, refusals, struck

UNSUPPORTED = Claims(looks=2)

REFUSED = [
    ("Performance on the independent test set was good.", "independent"),
    ("It was tested on an independent validation cohort.", "independent"),
    ("After external validation it held up.", "independent"),
    ("The model was externally validated.", "independent"),
    ("在独立测试集上评估。", "independent"),
    ("经过外部验证的模型。", "independent"),
    ("The fused model is significantly better than the clinical one.", "significant"),
    ("The fused model significantly outperforms the others.", "significant"),
    ("It was better, and the gain was significant.", "significant"),
    ("The difference was statistically significant.", "significant"),
    ("融合模型显著优于临床模型。", "significant"),
    ("差异有统计学意义。", "significant"),
    ("AUC 0.81 (95 % CI 0.70 to 0.92).", "interval"),
    ("AUC 0.81, 95% confidence interval 0.70-0.92.", "interval"),
    ("AUC 0.81（95% 置信区间 0.70–0.92）", "interval"),
    ("A validated model for HER2.", "validated"),
    ("该模型已验证。", "validated"),
    ("The accuracy was 83 %.", "accuracy"),
    ("Its diagnostic accuracy is good.", "accuracy"),
    ("准确率为 83%。", "accuracy"),
]


@pytest.mark.parametrize(("text", "rule"), REFUSED)
def test_each_word_is_refused_with_its_rule(text, rule):
    assert rule in {refusal.rule for refusal in refusals(text, UNSUPPORTED)}


ALLOWED = [
    "This is not an independent test set.",
    "A random hold-out of the same centres is no external validation.",
    "这不是独立测试集。",
    "The fused model was significantly better than the clinical one (paired DeLong, p = .01).",
    "It was not significantly better.",
    "显著优于临床模型（DeLong 检验）。",
    "AUC 0.81 (95 % CI 0.70 to 0.92, DeLong).",
    "敏感度 64%（95% 置信区间 46–79%，Wilson 法）。",
    "The model was not validated.",
    "Hyper-parameters were cross-validated.",
    "The accuracy was 83 %; calling everybody negative gives 68 %.",
    "准确率 83%，多数类参考 68%。",
    "STARD-AI is for diagnostic accuracy studies.",
    "Held-out patients of the same centres.",
]


@pytest.mark.parametrize("text", ALLOWED)
def test_a_supported_or_denied_wording_is_printed(text):
    assert refusals(text, UNSUPPORTED) == ()


def test_a_method_in_another_sentence_does_not_excuse_an_interval():
    text = "The interval of sensitivity is Wilson's. AUC 0.81 (95 % CI 0.70 to 0.92)."
    assert [refusal.words for refusal in refusals(text, UNSUPPORTED)] == ["95 % CI"]


def test_decimals_do_not_end_a_sentence():
    assert refusals("AUC 0.81 with a 95 % CI of 0.70 vs. 0.92 by DeLong.", UNSUPPORTED) == ()


@pytest.mark.parametrize(("looks", "refused"), [(0, True), (1, False), (2, True)])
def test_validated_follows_the_look_counter(looks, refused):
    assert bool(refusals("An internally validated model.", Claims(looks=looks))) is refused


def test_another_centre_makes_a_test_set_independent():
    text = "Performance on the independent test set."
    assert refusals(text, Claims(other_centre_or_time=True)) == ()
    assert refusals(text, Claims()) != ()


def test_struck_text_keeps_the_rest_in_place():
    text = "Look before the paper: validated, and the accuracy is high."
    assert struck(text, UNSUPPORTED) == f"Look before the paper: {STRUCK}, and the {STRUCK} is high."
    assert struck("Nothing to strike.", UNSUPPORTED) == "Nothing to strike."


def test_reasons_say_what_to_write_in_both_languages():
    for refusal in refusals(" ".join(text for text, _rule in REFUSED), UNSUPPORTED):
        with translation.override("en"):
            english = refusal.why
        with translation.override("zh-hans"):
            assert refusal.why != english
        assert english
