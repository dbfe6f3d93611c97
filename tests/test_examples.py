import subprocess
import sys


def test_the_detector_page_speaks_of_scores(root):
    done = subprocess.run([sys.executable, root / "examples" / "detector.py"], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    assert "supports “box” most" in done.stdout or "opposes “box” most" in done.stdout
    assert "The values are scores, not probabilities: weights are differences of scores." in done.stdout
