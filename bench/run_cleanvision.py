"""Runs CleanVision with its defaults over a folder: `PYTHON run_cleanvision.py FOLDER CSV`, in its own environment."""

import sys

from cleanvision import Imagelab

if __name__ == "__main__":  # its workers import this module again
    folder, issues = sys.argv[1:]
    lab = Imagelab(data_path=folder)
    lab.find_issues()
    lab.issues.to_csv(issues)
