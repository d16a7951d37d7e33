/**
 * Makes pictures of a screen small: a page has few colours, so 256 of them say
 * all that there is to see, in a third of the bytes.
 */

import { deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Bits of a channel that are told apart before colours are counted. */
const BITS = 5;
const COLOURS = 256;

interface Image {
    width: number;
    height: number;
    /** Red, green and blue of every pixel. */
    pixels: Buffer;
}

/** The picture with at most 256 colours. */
export function withPalette(png: Buffer): Buffer {
    const { width, height, pixels } = decode(png);
    const bucketOf = (at: number) =>
        ((byte(pixels, at) >> (8 - BITS)) << (2 * BITS)) |
        ((byte(pixels, at + 1) >> (8 - BITS)) << BITS) |
        (byte(pixels, at + 2) >> (8 - BITS));
    // Of each bucket, its most frequent colour stands for it.
    const buckets = new Map<number, Map<number, number>>();
    for (let at = 0; at < pixels.length; at += 3) {
        const bucket = bucketOf(at);
        const colours = buckets.get(bucket) ?? new Map<number, number>();
        const colour = pixels.readUIntBE(at, 3);
        colours.set(colour, (colours.get(colour) ?? 0) + 1);
        buckets.set(bucket, colours);
    }
    const counted = [...buckets.values()]
        .map((colours) => {
            const [[colour]] = [...colours].sort((a, b) => b[1] - a[1]) as [[number, number]];
            return { colour, count: [...colours.values()].reduce((sum, count) => sum + count, 0) };
        })
        .sort((a, b) => b.count - a.count);
    const palette = counted.slice(0, COLOURS).map(({ colour }) => colour);
    const nearest = new Map<number, number>();
    const rows = Buffer.alloc(height * (width + 1));
    for (let row = 0; row < height; row += 1) {
        for (let column = 0; column < width; column += 1) {
            const at = (row * width + column) * 3;
            const colour = pixels.readUIntBE(at, 3);
            let place = nearest.get(colour);
            if (place === undefined) {
                place = nearestTo(colour, palette);
                nearest.set(colour, place);
            }
            rows[row * (width + 1) + 1 + column] = place;
        }
    }
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    head[8] = 8;
    head[9] = 3;
    const colours = Buffer.alloc(palette.length * 3);
    palette.forEach((colour, place) => colours.writeUIntBE(colour, place * 3, 3));
    return Buffer.concat([
        SIGNATURE,
        chunk('IHDR', head),
        chunk('PLTE', colours),
        chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
        chunk('IEND', Buffer.alloc(0)),
    ]);
}

function byte(bytes: Buffer, at: number): number {
    return bytes[at] ?? 0;
}

function nearestTo(colour: number, palette: number[]): number {
    const distance = (other: number) =>
        [16, 8, 0].reduce((sum, shift) => sum + (((colour >> shift) & 255) - ((other >> shift) & 255)) ** 2, 0);
    let best = 0;
    palette.forEach((other, place) => {
        if (distance(other) < distance(palette[best] ?? 0)) best = place;
    });
    return best;
}

function chunk(name: string, data: Buffer): Buffer {
    const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
    const all = Buffer.alloc(data.length + 12);
    all.writeUInt32BE(data.length, 0);
    named.copy(all, 4);
    all.writeUInt32BE(checksum(named), data.length + 8);
    return all;
}

function checksum(bytes: Buffer): number {
    let sum = 0xffffffff;
    for (const value of bytes) {
        sum ^= value;
        for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
    }
    return (sum ^ 0xffffffff) >>> 0;
}

/** Reads what a browser writes: eight bits a channel, with or without an alpha channel, not interlaced. */
function decode(png: Buffer): Image {
    const parts: Buffer[] = [];
    let [width, height, channels] = [0, 0, 0];
    for (let at = SIGNATURE.length; at < png.length; ) {
        const length = png.readUInt32BE(at);
        const name = png.toString('latin1', at + 4, at + 8);
        const data = png.subarray(at + 8, at + 8 + length);
        if (name === 'IHDR') {
            [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)];
            channels = byte(data, 9) === 6 ? 4 : 3;
        } else if (name === 'IDAT') parts.push(data);
        at += length + 12;
    }
    const raw = inflateSync(Buffer.concat(parts));
    const stride = width * channels;
    const lines = Buffer.alloc(stride * height);
    const pixels = Buffer.alloc(width * height * 3);
    for (let row = 0; row < height; row += 1) {
        const filter = byte(raw, row * (stride + 1));
        for (let at = 0; at < stride; at += 1) {
            const left = at < channels ? 0 : byte(lines, row * stride + at - channels);
            const above = row === 0 ? 0 : byte(lines, (row - 1) * stride + at);
            const corner = row === 0 || at < channels ? 0 : byte(lines, (row - 1) * stride + at - channels);
            const guess = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter] ?? 0;
            lines[row * stride + at] = byte(raw, row * (stride + 1) + 1 + at) + guess;
        }
        for (let column = 0; column < width; column += 1) {
            lines.copy(pixels, (row * width + column) * 3, row * stride + column * channels, row * stride + column * channels + 3);
        }
    }
    return { width, height, pixels };
}

function paeth(left: number, above: number, corner: number): number {
    const guess = left + above - corner;
    const [toLeft, toAbove, toCorner] = [left, above, corner].map((value) => Math.abs(guess - value)) as [number, number, number];
    if (toLeft <= toAbove && toLeft <= toCorner) return left;
    return toAbove <= toCorner ? above : corner;
}
