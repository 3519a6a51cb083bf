#!/bin/sh
# Makes the sample video (drawn by ffmpeg, spoken by espeak-ng) and the sample recording.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
shelf="$root/samples/school-shelf/files"
lesson="$root/samples/channel/1 Дроби"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$shelf" "$lesson" "$root/samples/channel/2 Читання"

font=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
words="fontfile=$font:fontcolor=0x1d2733"

say() {
	espeak-ng -v uk -s 110 -g 4 -w "$2" "$1"
}

# A bar of four parts: it is whole for 2 s, then halves, then quarters; one of them is coloured at the end.
say "Ось ціла смужка. Поділимо її навпіл: тепер у нас дві половини. Кожну половину поділимо ще раз. Маємо чотири чверті. Одна чверть жовта." "$work/voice.wav"
draw="drawbox=x=77:y=180:w=700:h=140:color=white:t=fill"
draw="$draw,drawbox=x=77:y=180:w=175:h=140:color=0xf3c969:t=fill:enable='gte(t,12)'"
draw="$draw,drawbox=x=77:y=180:w=700:h=140:color=0x1d2733:t=5"
draw="$draw,drawbox=x=425:y=180:w=5:h=140:color=0x1d2733:t=fill:enable='gte(t,2)'"
draw="$draw,drawbox=x=250:y=180:w=5:h=140:color=0x1d2733:t=fill:enable='gte(t,6.7)'"
draw="$draw,drawbox=x=600:y=180:w=5:h=140:color=0x1d2733:t=fill:enable='gte(t,6.7)'"
draw="$draw,drawtext=$words:fontsize=40:x=(w-tw)/2:y=80:text='Ціле':enable='lt(t,2)'"
draw="$draw,drawtext=$words:fontsize=40:x=(w-tw)/2:y=80:text='Дві половини':enable='between(t,2,6.7)'"
draw="$draw,drawtext=$words:fontsize=40:x=(w-tw)/2:y=80:text='Чотири чверті':enable='between(t,6.7,12)'"
draw="$draw,drawtext=$words:fontsize=40:x=(w-tw)/2:y=80:text='Одна чверть':enable='gte(t,12)'"
ffmpeg -y -loglevel error -f lavfi -i "color=c=0xfbf8f1:s=854x480:r=12:d=15" -i "$work/voice.wav" \
	-vf "$draw" -af apad -t 15 -map_metadata -1 -metadata title="Половина і чверть" \
	-c:v libx264 -profile:v baseline -level 3.0 -pix_fmt yuv420p -preset veryslow -crf 28 -g 48 \
	-c:a aac -b:a 40k -ac 1 -ar 22050 -movflags +faststart "$shelf/4. Половина і чверть.mp4"

cat >"$shelf/4. Половина і чверть.uk.vtt" <<'VTT'
WEBVTT

00:00.000 --> 00:01.900
Ось ціла смужка.

00:02.000 --> 00:06.600
Поділимо її навпіл: тепер у нас дві половини.

00:06.700 --> 00:11.900
Кожну половину поділимо ще раз. Маємо чотири чверті.

00:12.000 --> 00:15.000
Одна чверть жовта.
VTT

say "Тарас Шевченко. Садок вишневий коло хати. Садок вишневий коло хати, хрущі над вишнями гудуть. Плугатарі з плугами йдуть, співають, ідучи, дівчата, а матері вечерять ждуть. Сім'я вечеря коло хати, вечірня зіронька встає. Дочка вечерять подає, а мати хоче научати, так соловейко не дає." "$work/poem.wav"
ffmpeg -y -loglevel error -i "$work/poem.wav" -map_metadata -1 -metadata title="Садок вишневий коло хати" \
	-metadata artist="Тарас Шевченко" -c:a libmp3lame -b:a 24k -ac 1 -ar 22050 "$shelf/3. Садок вишневий.mp3"

cp "$shelf/4. Половина і чверть.mp4" "$lesson/1 Половина і чверть.mp4"
cp "$shelf/4. Половина і чверть.uk.vtt" "$lesson/1 Половина і чверть.uk.vtt"
cp "$shelf/3. Садок вишневий.mp3" "$root/samples/channel/2 Читання/1 Садок вишневий.mp3"
