"""How the distribution is made: its metadata, its packages, what it needs."""

from pathlib import Path

from setuptools import setup

EXTRAS = {
    "server": ["granian>=2.8"],
    "metrics": ["prometheus-client>=0.22"],
    "ngrok": ["pyngrok>=8"],
}

setup(
    name="flask-bsr-scim",
    version="0.1.0",
    description="The Buf Schema Registry's SCIM 2.0 service as a Flask extension with pluggable storage",
    long_description=Path(__file__).with_name("README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    keywords=["SCIM", "Flask", "provisioning", "Okta", "Entra ID", "Buf Schema Registry"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Web Environment",
        "Framework :: Flask",
        "Intended Audience :: Developers",
        "Intended Audience :: System Administrators",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: System :: Systems Administration :: Authentication/Directory",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    # Each package by name: the folder backends/ lies beside flask_bsr_scim/, where no search would look for it.
    packages=[
        "flask_bsr_scim",
        "flask_bsr_scim.backends",
        "flask_bsr_scim.filter",
        "flask_bsr_scim.patch",
        "flask_bsr_scim.registry",
        "flask_bsr_scim.schema",
        "flask_bsr_scim.web",
    ],
    package_dir={"flask_bsr_scim.backends": "backends"},
    package_data={
        "flask_bsr_scim": ["py.typed"],
        "flask_bsr_scim.registry": ["data/*.json"],
        "flask_bsr_scim.schema": ["data/*.json"],
    },
    include_package_data=False,
    install_requires=[
        "click>=8.4",
        "flask>=3.1",
        "marshmallow>=4",
        "orjson>=3.10",
        "pyjwt>=2.13",
        "redis>=8",
        "sqlite-utils>=4.2",
        "werkzeug>=3.1",
    ],
    extras_require={
        **EXTRAS,
        "all": sorted(requirement for extra in EXTRAS.values() for requirement in extra),
        "test": [
            "build>=1.2",
            "coverage>=7.6",
            "hypothesis>=6.170",
            "mypy>=2",
            "pytest>=9",
            "ruff>=0.17",
            "scim2-client>=0.13",
            "scim2-models>=0.12",
            "scim2-tester>=0.5",
            "setuptools>=77",
        ],
    },
    entry_points={"console_scripts": ["bsr-scim = flask_bsr_scim.web.cli:main"]},
)
