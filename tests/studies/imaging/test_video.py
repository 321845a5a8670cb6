"""Video files made on the spot, and video streams inside DICOM."""

import wave

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import MPEG2MPML, MPEG4HP41

from studies.errors import RefusedFileError
from studies.imaging import limits
from studies.imaging.cine import inspect_file, iter_frames
from studies.imaging.pack import write_pack
from studies.imaging.pack_reader import PackReader
from studies.imaging.video import container_of, stream_frames
from tests.studies.imaging.builders import header, speckle, video

FRAMES = speckle(12, colour=True)
FORMATS = [
    ("a.mp4", "mpeg4"), ("a.mov", "mpeg4"), ("a.avi", "mjpeg"), ("a.avi", "mpeg4"), ("a.mpg", "mpeg2video"),
    ("a.mkv", "mpeg4"), ("a.ts", "mpeg2video"), ("a.wmv", "wmv2"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "codec"), FORMATS)
def test_formats(tmp_path, name, codec):
    path = video(tmp_path / name, FRAMES, codec=codec)
    path = path.rename(tmp_path / "nameless")
    info = inspect_file(path)
    assert (info.kind, info.n_frames, info.height, info.width) == ("video", 12, 48, 64)
    assert (info.timing_source, info.fps) == ("container", pytest.approx(25))
    assert info.frame_times_ms is None
    assert (info.spacing_source, info.spacing_mm) == ("not recorded", None)
    decoded = np.stack(list(iter_frames(path, colour=True)))
    assert np.abs(decoded.astype(int) - FRAMES).mean() < 25
    assert np.array_equal(np.stack(list(iter_frames(path, start=3, stop=5, colour=True))), decoded[3:5])


def test_variable_rate_keeps_the_time_of_every_frame(tmp_path):
    times = [0, 1, 2, 4, 5, 6, 9, 10, 11, 12, 13, 14]
    info = inspect_file(video(tmp_path / "a.mp4", FRAMES, times=times))
    assert info.frame_times_ms == pytest.approx([40 * t for t in times])
    assert any("varies" in d for d in info.defects)
    assert info.timing_source == "container"


def test_implausible_rate_is_not_recorded(tmp_path):
    info = inspect_file(video(tmp_path / "a.avi", FRAMES, rate=1000))
    assert (info.timing_source, info.fps, info.frame_times_ms) == ("not recorded", None, None)
    assert info.defects


def test_cut_video_is_refused_or_shorter(tmp_path):
    whole = video(tmp_path / "a.mp4", FRAMES).read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RefusedFileError):
        inspect_file(tmp_path / "cut")


def test_sound_without_pictures(tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(8000))
    with pytest.raises(RefusedFileError, match="sound"):
        inspect_file(tmp_path / "a.wav")


def test_playlists_are_never_followed(tmp_path):
    video(tmp_path / "a.mp4", FRAMES)
    (tmp_path / "list").write_text("#EXTM3U\n#EXTINF:1,\na.mp4\n")
    with pytest.raises(RefusedFileError):
        inspect_file(tmp_path / "list")
    (tmp_path / "concat").write_text("ffconcat version 1.0\nfile a.mp4\n")
    with pytest.raises(RefusedFileError):
        inspect_file(tmp_path / "concat")


def test_too_many_frames(tmp_path, monkeypatch):
    monkeypatch.setattr("studies.imaging.video.MAX_FRAMES", 10)
    with pytest.raises(RefusedFileError, match="10 frames"):
        inspect_file(video(tmp_path / "a.mp4", FRAMES))


def test_too_large_a_picture(tmp_path, monkeypatch):
    monkeypatch.setattr("studies.imaging.sizes.MAX_FRAME_PIXELS", 1000)
    assert limits.MAX_FRAME_PIXELS > 1000
    with pytest.raises(RefusedFileError, match="64 × 48"):
        inspect_file(video(tmp_path / "a.mp4", FRAMES))


def test_containers_by_their_first_bytes():
    assert container_of(b"RIFF\0\0\0\0AVI LIST") == "avi"
    assert container_of(b"\0\0\0\x20ftypisom") == "mov"
    assert container_of(b"RIFF\0\0\0\0WAVEfmt ") is None
    assert container_of(b"G" * 400) == "mpegts"
    assert container_of(b"") is None


@pytest.mark.parametrize(
    ("codec", "syntax", "container", "fragments"),
    [
        ("mpeg2video", MPEG2MPML, "mpeg", 1),
        ("mpeg2video", MPEG2MPML, "mpeg2video", 4),
        ("h264", MPEG4HP41, "h264", 1),
        ("h264", MPEG4HP41, "mp4", 3),
        ("h264", MPEG4HP41, "mpegts", 2),
    ],
)
def test_streams_inside_dicom(tmp_path, codec, syntax, container, fragments):
    try:
        stream = video(tmp_path / "stream", FRAMES, codec=codec, container=container).read_bytes()
    except Exception as error:  # an encoder that this build of FFmpeg lacks
        pytest.skip(f"no {codec} encoder: {error}")
    plain = np.stack(list(iter_frames_of(stream, tmp_path, container)))

    def build(name, **elements):
        ds = header(FRAMES, syntax=syntax, photometric="YBR_PARTIAL_420", **elements)
        ds.PixelData = encapsulate([stream], fragments_per_frame=fragments)
        ds["PixelData"].VR = "OB"
        ds.save_as(tmp_path / name, enforce_file_format=True)
        return tmp_path / name

    path = build("a")
    info = inspect_file(path)
    assert (info.kind, info.n_frames, info.timing_source, info.fps) == ("dicom", 12, "FrameTime", 25)
    assert np.array_equal(np.stack(list(iter_frames(path, colour=True))), plain)
    assert "av " in write_pack(path, tmp_path / "p", info=info).decoder
    with PackReader(tmp_path / "p") as pack:
        assert np.array_equal(pack.rgb(5), plain[5])
    with pytest.raises(RefusedFileError, match="13"):
        inspect_file(build("b", NumberOfFrames=13))
    with pytest.raises(RefusedFileError, match="64 × 48"):
        inspect_file(build("c", Rows=96))


def iter_frames_of(stream, tmp_path, container):
    """Frames of the bare stream, decoded as a file of its own."""
    names = {"mpeg2video": "mpegvideo", "mp4": "mov"}
    (tmp_path / "bare").write_bytes(stream)
    with (tmp_path / "bare").open("rb") as handle:
        for frame in stream_frames(handle, names.get(container, container)):
            yield frame.pixels
