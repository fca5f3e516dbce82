# syntax=docker/dockerfile:1
#
#   docker build -t codegen-playground .
#   docker run --init -p 127.0.0.1:7860:7860 -v playground:/var/lib/playground codegen-playground
#
# requirements.txt pins torch==2.13.0, which on x86-64 is a build for CUDA of several gigabytes wherever pip looks only
# at its default index. For the CPU build, write a pip.conf whose extra-index-url is PyTorch's index of CPU wheels (its
# installation page names it), and hand it over without leaving it in the image:
#
#   docker build --secret id=pip.conf,src=pip.conf -t codegen-playground .
#
# The pin holds: 2.13.0+cpu satisfies ==2.13.0, and pip prefers it to 2.13.0.

FROM node:20-slim AS page
WORKDIR /page/editor
COPY app/ui/editor/package.json app/ui/editor/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY app/ui/editor/ ./
# Writes to /page/static/built.
RUN npm run build

FROM python:3.11-slim AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
WORKDIR /build
COPY pyproject.toml requirements.txt README.md LICENSE ./
# torch first and by itself: other packages accept any torch. Installing the project brings its entry points.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    /opt/venv/bin/pip install "$(grep '^torch==' requirements.txt)" \
    && /opt/venv/bin/pip install .

# The kernels that models are multiplied with; the image with a compiler stays behind.
FROM packages AS kernels
RUN apt-get update && apt-get install --yes --no-install-recommends g++
COPY model/ model/
RUN /opt/venv/bin/python -m model.kernels

FROM python:3.11-slim
# Hosting platforms run containers as uid 1000. Cells never run as root: this user owns its data and nothing else here.
RUN useradd --uid 1000 --create-home playground \
    && install --directory --owner=playground --group=playground /var/lib/playground
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY LICENSE app.py ./
COPY model/ model/
COPY --from=kernels /build/model/kernels/built/ model/kernels/built/
COPY storage/ storage/
COPY app/ app/
COPY benchmarks/results/ benchmarks/results/
COPY --from=page /page/static/built/ app/ui/static/built/
RUN /opt/venv/bin/python -m compileall -q app model storage

# The host is what the container asks for: outside of it, loopback could not be reached. Publish the port with care,
# as above; the playground itself refuses to run cells that it cannot seal.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GRADIO_ANALYTICS_ENABLED=False \
    PLAYGROUND_HOST=0.0.0.0 \
    PLAYGROUND_PORT=7860 \
    PLAYGROUND_DATA=/var/lib/playground \
    HF_HOME=/var/lib/playground/hub
USER 1000:1000
# The database, the weights and what they were converted into. Keep it on a local disk: SQLite needs working locks.
VOLUME /var/lib/playground
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PLAYGROUND_PORT\"]}/', timeout=8)"]
CMD ["python", "app.py"]
