// Products of few or many rows with weights of 4, 5, 6 or 8 bits, and the small operations around them, for x86
// processors: compiled once for those with AVX-512 VNNI and once for those with AVX2, which vectors.h hides.
// model/packing.py describes the layout of a packed matrix and holds the same product in plain PyTorch; tests compare
// the two.
//
// A matrix is cut into tiles of 16 outputs and groups of 32 inputs. The values of a tile's group fill eight vectors of 64
// bytes, each with four inputs of all 16 outputs, to be multiplied with four inputs of a row and added up. A row's inputs
// are rounded to 8 bits, with a scale for each group.
//
// All functions are plain C, called through ctypes, and run on as many threads as PyTorch uses (the same OpenMP pool).
// They return DONE, or NO_MEMORY, after which the outputs mean nothing.

#include "vectors.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>

namespace {

constexpr int TILE = 16;
constexpr int GROUP = 32;
constexpr int ROWS = 8;       // rows that share one unpacking: their sums stay in registers
constexpr int AHEAD = 2048;   // bytes between what is multiplied and what is fetched from memory meanwhile
constexpr int DONE = 0, NO_MEMORY = 1;

// Mirrored by `Matrix` in model/kernels/__init__.py.
struct Matrix {
    const uint8_t* values;   // [tiles][groups][64 * bits]
    const uint16_t* scales;  // float16 [tiles][groups * parts][TILE]
    const uint16_t* minima;  // float16, as the scales, or null: then values are centred on half of their range
    const float* bias;       // [outputs] or null
    int64_t outputs, inputs;
    int32_t bits, parts;     // parts: scales for each group, 1 or 2
};

// Memory of one thread that grows and is used again by the next call; null if there is none left.
template <int SLOT>
void* scratch(size_t bytes) {
    thread_local struct Slot {
        void* memory = nullptr;
        size_t size = 0;
        ~Slot() { std::free(memory); }
    } slot;
    if (slot.size < bytes) {
        std::free(slot.memory);
        slot.size = (bytes + 4095) / 4096 * 4096;
        slot.memory = std::aligned_alloc(64, slot.size);
        if (!slot.memory) slot.size = 0;
    }
    return slot.memory;
}

// Where a matrix's outputs go: a place in the first row, and the distance to that of the next row.
struct Target {
    float* first;
    int64_t stride;
};

// Rows rounded to 8 bits: value = quantum * scale of its group; sums: of the values of each half group, and of both.
// Without memory for them, quanta are null.
struct Rows {
    int8_t* quanta;
    float* scales;
    float* sums;
    int64_t inputs, groups;
};

template <int SLOT>
Rows make_rows(int64_t rows, int64_t inputs) {
    const int64_t groups = inputs / GROUP;
    char* memory = static_cast<char*>(scratch<SLOT>(rows * (inputs + groups * 16) + 64));
    if (!memory) return {};
    auto* scales = reinterpret_cast<float*>(memory + rows * inputs);
    return {reinterpret_cast<int8_t*>(memory), scales, scales + rows * groups, inputs, groups};
}

void round_row(const float* input, const Rows& rows, int64_t row) {
    for (int64_t group = 0; group < rows.groups; ++group) {
        const Floats low = load(input + group * GROUP), high = load(input + group * GROUP + 16);
        const float top = largest(larger(magnitude(low), magnitude(high)));
        const Floats inverse = all(top > 0 ? 127.0f / top : 0.0f);
        const __m128i first = bytes(low * inverse), second = bytes(high * inverse);
        auto* quanta = reinterpret_cast<__m128i*>(rows.quanta + row * rows.inputs + group * GROUP);
        _mm_storeu_si128(quanta, first);
        _mm_storeu_si128(quanta + 1, second);
        const int64_t place = row * rows.groups + group;
        const float scale = top / 127.0f;
        const int32_t sums[] = {added_up(first), added_up(second)};
        rows.scales[place] = scale;
        rows.sums[3 * place] = scale * sums[0];
        rows.sums[3 * place + 1] = scale * sums[1];
        rows.sums[3 * place + 2] = scale * (sums[0] + sums[1]);
    }
}

template <int SLOT>
Rows round_rows(const float* inputs, int64_t count, int64_t width) {
    const Rows rows = make_rows<SLOT>(count, width);
    if (!rows.quanta) return rows;
#pragma omp parallel for if (count >= 2 * ROWS)
    for (int64_t row = 0; row < count; ++row) round_row(inputs + row * width, rows, row);
    return rows;
}

template <int BITS>
constexpr int64_t block_bytes() { return 64 * BITS; }

// TILES tiles of outputs for COUNT rows. Few rows take several tiles at once: so many streams from memory are faster
// than one.
template <int BITS, int PARTS, bool MINIMA, int COUNT, int TILES>
void multiply_tiles(const Matrix& matrix, int64_t first_tile, const Rows& rows, int64_t first, Floats (&sums)[TILES][COUNT]) {
    const Floats centre = all(-(1 << (BITS - 1)));
    const int64_t block = block_bytes<BITS>(), scales = rows.groups * PARTS * TILE;
    const uint8_t* values_at = matrix.values + first_tile * rows.groups * block;
    const uint16_t* scale_at = matrix.scales + first_tile * scales;
    const uint16_t* minimum_at = MINIMA ? matrix.minima + first_tile * scales : nullptr;
    for (auto& tile : sums)
        for (auto& sum : tile) sum = all(0);
    for (int64_t group = 0; group < rows.groups; ++group)
        for (int tile = 0; tile < TILES; ++tile) {
            const uint8_t* place = values_at + (tile * rows.groups + group) * block;
            if constexpr (COUNT <= 2)
                for (int line = 0; line < BITS; ++line)
                    _mm_prefetch(reinterpret_cast<const char*>(place + AHEAD + 64 * line), _MM_HINT_T0);
            const Block<BITS> values(place);
            for (int part = 0; part < PARTS; ++part) {
                const int64_t scale = tile * scales + (group * PARTS + part) * TILE;
                const Floats factor = halfs(scale_at + scale);
                const Floats least = MINIMA ? halfs(minimum_at + scale) : factor * centre;
                Words whole[COUNT];
                values.template times<PARTS>(part, rows.quanta + first * rows.inputs + group * GROUP + part * 16,
                                             rows.inputs, whole);
                for (int row = 0; row < COUNT; ++row) {
                    const int64_t at = (first + row) * rows.groups + group;
                    const Floats worth = factor * all(rows.scales[at]);
                    const Floats total = all(rows.sums[3 * at + (PARTS == 2 ? part : 2)]);
                    sums[tile][row] = fma(floats(whole[row]), worth, sums[tile][row]);
                    sums[tile][row] = fma(least, total, sums[tile][row]);
                }
            }
        }
}

// The tiles [from, to), TILES at a time as far as they go, for COUNT rows.
template <int BITS, int PARTS, bool MINIMA, int COUNT, int TILES>
void multiply_rows(const Matrix& matrix, const Rows& rows, int64_t first, const Target& target, int64_t from, int64_t to) {
    int64_t tile = from;
    for (; tile + TILES <= to; tile += TILES) {
        Floats sums[TILES][COUNT];
        multiply_tiles<BITS, PARTS, MINIMA, COUNT, TILES>(matrix, tile, rows, first, sums);
        for (int index = 0; index < TILES; ++index) {
            const int64_t output = (tile + index) * TILE;
            const Lanes there = up_to(matrix.outputs - output);
            const Floats bias = matrix.bias ? load(matrix.bias + output, there) : all(0);
            float* place = target.first + first * target.stride + output;
            for (int row = 0; row < COUNT; ++row, place += target.stride)
                store(place, there, sums[index][row] + bias);
        }
    }
    if constexpr (TILES > 1) multiply_rows<BITS, PARTS, MINIMA, COUNT, 1>(matrix, rows, first, target, tile, to);
}

using Multiply = void (*)(const Matrix&, const Rows&, int64_t, const Target&, int64_t, int64_t);

template <int BITS, int PARTS, bool MINIMA>
Multiply for_count(int64_t count) {
    static constexpr Multiply forms[] = {
        multiply_rows<BITS, PARTS, MINIMA, 1, 4>, multiply_rows<BITS, PARTS, MINIMA, 2, 4>,
        multiply_rows<BITS, PARTS, MINIMA, 3, 2>, multiply_rows<BITS, PARTS, MINIMA, 4, 2>,
        multiply_rows<BITS, PARTS, MINIMA, 5, 1>, multiply_rows<BITS, PARTS, MINIMA, 6, 1>,
        multiply_rows<BITS, PARTS, MINIMA, 7, 1>, multiply_rows<BITS, PARTS, MINIMA, 8, 1>};
    return forms[count - 1];
}

Multiply choose(const Matrix& matrix, int64_t count) {
    const bool minima = matrix.minima != nullptr;
    switch (matrix.bits * 100 + matrix.parts * 10 + minima) {
        case 410: return for_count<4, 1, false>(count);
        case 411: return for_count<4, 1, true>(count);
        case 510: return for_count<5, 1, false>(count);
        case 511: return for_count<5, 1, true>(count);
        case 620: return for_count<6, 2, false>(count);
        case 810: return for_count<8, 1, false>(count);
        default: std::abort();  // model/packing.py makes no other
    }
}

// This thread's share of the tiles of a matrix, for all rows. Of many rows, all take a few tiles before the next few.
void multiply_share(const Matrix& matrix, const Rows& rows, int64_t count, const Target& target) {
    const int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    const int64_t all = (matrix.outputs + TILE - 1) / TILE, to = (thread + 1) * all / threads;
    const int64_t step = count > ROWS ? 1 : all, rest = count % ROWS;
    const Multiply whole = choose(matrix, ROWS), partial = choose(matrix, rest ? rest : ROWS);
    for (int64_t tile = thread * all / threads; tile < to; tile += step) {
        const int64_t end = std::min(tile + step, to);
        for (int64_t row = 0; row + ROWS <= count; row += ROWS) whole(matrix, rows, row, target, tile, end);
        if (rest) partial(matrix, rows, count - rest, target, tile, end);
    }
}

// e to the power of x, to about 1e-7 of itself: 2^n times a polynomial (Cody and Waite's reduction; Taylor to degree 6).
inline Floats power(Floats x) {
    x = larger(smaller(x, all(88.0f)), all(-87.0f));
    const Floats whole = nearest(x * all(1.44269504f));
    Floats rest = fnma(whole, all(0.693359375f), x);
    rest = fnma(whole, all(-2.12194440e-4f), rest);
    Floats total = all(1.0f / 720);
    for (const float term : {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) total = fma(total, rest, all(term));
    return scaled(total, whole);
}

// silu(gate) * up, over gate.
void gate_row(float* gate, const float* up, int64_t width) {
    const Floats one = all(1.0f);
    for (int64_t place = 0; place < width; place += 16) {
        const Floats x = load(gate + place);
        store(gate + place, x * load(up + place) / (one + power(all(0) - x)));
    }
}

// Turns the pairs (i, i + width / 2) of each head by the angles of the row's position.
void rotate_row(float* row, int64_t heads, int64_t width, const float* cosines, const float* sines) {
    const int64_t half = width / 2;
    for (int64_t head = 0; head < heads; ++head) {
        float *low = row + head * width, *high = low + half;
#pragma omp simd
        for (int64_t place = 0; place < half; ++place) {
            const float x = low[place], y = high[place];
            low[place] = x * cosines[place] - y * sines[place];
            high[place] = y * cosines[place + half] + x * sines[place + half];
        }
    }
}

// Mirrored by `Heads` in model/kernels/__init__.py. Distances count numbers, not bytes.
struct Heads {
    const float *query, *key, *value;
    const uint8_t* mask;  // one byte for each key, 0 where it is not to be seen, or null: every row sees what came before
    int64_t batch, heads, kept, rows, length, width;
    int64_t query_batch, query_head, query_row;
    int64_t key_batch, key_head, key_row;
    int64_t value_batch, value_head, value_row;
    int64_t mask_batch, mask_row;
    float scale;
};

// One row of one head that looks at keys, and where its result goes.
struct Look {
    const float* query;
    const uint8_t* mask;  // as in Heads
    int64_t length;       // of the keys that it may see
    float* output;
};

// What the rows of a bundle look at.
struct Known {
    const float *key, *value;
    int64_t key_row, value_row;
};

// Rows that read keys and values together, and those among them that read values at once: their sums stay in registers.
constexpr int BUNDLE = 16, AT_ONCE = HELD / 2;

// output = shares @ values * inverse of COUNT rows, PARTS vectors of their width. Shares lie `room` numbers apart.
template <int COUNT, int PARTS>
void mix(const Look* looks, const Known& known, const float* shares, int64_t room, const float* inverses, int64_t at) {
    Floats sums[COUNT][PARTS];
    for (auto& row : sums)
        for (auto& each : row) each = all(0);
    for (int64_t place = 0; place < looks[COUNT - 1].length; ++place) {
        Floats values[PARTS];
        for (int part = 0; part < PARTS; ++part)
            values[part] = load(known.value + place * known.value_row + at + 16 * part);
        for (int row = 0; row < COUNT; ++row) {
            const Floats share = all(shares[row * room + place]);
            for (int part = 0; part < PARTS; ++part) sums[row][part] = fma(share, values[part], sums[row][part]);
        }
    }
    for (int row = 0; row < COUNT; ++row)
        for (int part = 0; part < PARTS; ++part)
            store(looks[row].output + at + 16 * part, sums[row][part] * all(inverses[row]));
}

// The same for their whole width.
template <int COUNT>
void mix_rows(const Look* looks, const Known& known, const float* shares, int64_t room, const float* inverses,
              int64_t width) {
    int64_t at = 0;
    for (; at + 32 <= width; at += 32) mix<COUNT, 2>(looks, known, shares, room, inverses, at);
    if (at < width) mix<COUNT, 1>(looks, known, shares, room, inverses, at);
}

using Mix = void (*)(const Look*, const Known&, const float*, int64_t, const float*, int64_t);

Mix mix_of(int64_t count) {
    static constexpr Mix forms[] = {mix_rows<1>, mix_rows<2>, mix_rows<3>, mix_rows<4>,
                                    mix_rows<5>, mix_rows<6>, mix_rows<7>, mix_rows<8>};
    return forms[count - 1];
}

// The products of a row and 16 keys, times `scale`; minus infinity for a key that is not to be seen.
template <int VECTORS>
Floats scores_of(const Look& look, const Known& known, int64_t place, float scale) {
    const Floats nothing = all(-INFINITY);
    const int64_t left = std::min<int64_t>(look.length - place, 16);
    if (left <= 0) return nothing;
    Floats wanted[VECTORS];
    for (int part = 0; part < VECTORS; ++part) wanted[part] = load(look.query + 16 * part) * all(scale);
    const Floats products = sums_of([&](int at) {
        const float* its = known.key + (place + std::min<int64_t>(at, left - 1)) * known.key_row;
        Floats product = wanted[0] * load(its);
        for (int part = 1; part < VECTORS; ++part) product = fma(wanted[part], load(its + 16 * part), product);
        return product;
    });
    return where(look.mask ? filled(look.mask + place, left) : up_to(left), products, nothing);
}

// e to the power of each score less the row's highest, over the scores; the inverse of their sum.
float soften(float* scores, int64_t room, Floats tops) {
    float top = largest(tops);
    if (top == -INFINITY) top = 0;  // a row of padding sees nothing, and gets zeros
    Floats total = all(0);
    for (int64_t place = 0; place < room; place += 16) {
        const Floats below = load(scores + place) - all(top);
        const Floats share = where(above(below, all(-INFINITY)), power(below), all(0));
        store(scores + place, share);
        total = total + share;
    }
    const float whole = sum(total);
    return whole > 0 ? 1.0f / whole : 0.0f;
}

// softmax(query . keys * scale) @ values of at most BUNDLE rows, the last of which sees the most keys. Each row's numbers
// are those that it has alone: what others see and it does not adds zeros. VECTORS: width / 16.
template <int VECTORS>
bool attend(const Look* looks, int64_t count, const Known& known, float scale) {
    const int64_t longest = looks[count - 1].length, room = (longest + 15) / 16 * 16;
    auto* shares = static_cast<float*>(scratch<3>(count * room * sizeof(float)));
    if (!shares) return false;
    Floats tops[BUNDLE];
    for (auto& each : tops) each = all(-INFINITY);
    for (int64_t place = 0; place < longest; place += 16)
        for (int64_t row = 0; row < count; ++row) {
            const Floats scores = scores_of<VECTORS>(looks[row], known, place, scale);
            store(shares + row * room + place, scores);
            tops[row] = larger(tops[row], scores);
        }
    float inverses[BUNDLE];
    for (int64_t row = 0; row < count; ++row) inverses[row] = soften(shares + row * room, room, tops[row]);
    for (int64_t row = 0; row < count; row += AT_ONCE) {
        const int64_t now = std::min<int64_t>(count - row, AT_ONCE);
        mix_of(now)(looks + row, known, shares + row * room, room, inverses + row, 16 * VECTORS);
    }
    return true;
}

// The rows [from, to) of the `group` heads that share what is known, a bundle at a time; `look(row, head)` tells of one.
template <int VECTORS, typename Looks>
bool attend_rows(int64_t from, int64_t to, int64_t group, const Known& known, float scale, const Looks& look) {
    Look bundle[BUNDLE];
    int64_t count = 0;
    for (int64_t row = from; row < to; ++row)
        for (int64_t head = 0; head < group; ++head) {
            bundle[count++] = look(row, head);
            const bool last = row == to - 1 && head == group - 1;
            if (count < BUNDLE && !last) continue;
            if (!attend<VECTORS>(bundle, count, known, scale)) return false;
            count = 0;
        }
    return true;
}

// Rows of one text or sequence that a thread takes at a time.
constexpr int64_t SHARE = 16;

template <int VECTORS>
int attend_all(const Heads& all, float* outputs) {
    const int64_t group = all.heads / all.kept;
    int state = DONE;
#pragma omp parallel for collapse(3) schedule(dynamic) reduction(max : state)
    for (int64_t batch = 0; batch < all.batch; ++batch)
        for (int64_t kept = 0; kept < all.kept; ++kept)
            for (int64_t from = 0; from < all.rows; from += SHARE) {
                const Known known{all.key + batch * all.key_batch + kept * all.key_head,
                                  all.value + batch * all.value_batch + kept * all.value_head, all.key_row,
                                  all.value_row};
                const auto look = [&](int64_t row, int64_t its) {
                    const int64_t head = kept * group + its;
                    return Look{all.query + batch * all.query_batch + head * all.query_head + row * all.query_row,
                                all.mask ? all.mask + batch * all.mask_batch + row * all.mask_row : nullptr,
                                all.mask ? all.length : all.length - all.rows + row + 1,
                                outputs + ((batch * all.rows + row) * all.heads + head) * all.width};
                };
                if (!attend_rows<VECTORS>(from, std::min(from + SHARE, all.rows), group, known, all.scale, look))
                    state = NO_MEMORY;
            }
    return state;
}

// Mirrored by `Text` in model/kernels/__init__.py: the rows of one text, and what one layer knows of it with them.
struct Text {
    const float *key, *value;  // [kept][room][width]
    int64_t room, start, rows, length;
};

// Mirrored by `Step` in model/kernels/__init__.py. Distances count numbers, not bytes.
struct Step {
    const Text* texts;
    const float* query;
    int64_t count, heads, kept, width, query_head, query_row;
    float scale;
};

// Every text's rows over its own keys. Texts differ in length, so whoever is free takes the next rows.
template <int VECTORS>
int attend_texts(const Step& step, float* outputs) {
    const int64_t group = step.heads / step.kept;
    int64_t most = 0;
    for (int64_t number = 0; number < step.count; ++number) most = std::max(most, step.texts[number].rows);
    int state = DONE;
#pragma omp parallel for collapse(3) schedule(dynamic) reduction(max : state)
    for (int64_t number = 0; number < step.count; ++number)
        for (int64_t kept = 0; kept < step.kept; ++kept)
            for (int64_t from = 0; from < most; from += SHARE) {
                const Text& text = step.texts[number];
                const int64_t before = kept * text.room * step.width;
                const Known known{text.key + before, text.value + before, step.width, step.width};
                const auto look = [&](int64_t row, int64_t its) {
                    const int64_t head = kept * group + its;
                    return Look{step.query + head * step.query_head + (text.start + row) * step.query_row, nullptr,
                                text.length - text.rows + row + 1,
                                outputs + ((text.start + row) * step.heads + head) * step.width};
                };
                if (!attend_rows<VECTORS>(from, std::min(from + SHARE, text.rows), group, known, step.scale, look))
                    state = NO_MEMORY;
            }
    return state;
}

// What a function's form for heads of this width gives; the width is a multiple of 16, at most 256.
#define FOR_WIDTH(function, width, ...)                                                                             \
    static constexpr decltype(&function<1>) forms[] = {                                                             \
        function<1>,  function<2>,  function<3>,  function<4>,  function<5>,  function<6>,  function<7>,            \
        function<8>,  function<9>,  function<10>, function<11>, function<12>, function<13>, function<14>,           \
        function<15>, function<16>};                                                                                \
    return forms[(width) / 16 - 1](__VA_ARGS__)

}  // namespace

extern "C" {

// outputs = inputs @ matrix.T + bias; inputs [count][matrix->inputs].
int packed_linear(const Matrix* matrix, const float* inputs, int64_t count, float* outputs) {
    const Rows rows = round_rows<0>(inputs, count, matrix->inputs);
    if (!rows.quanta) return NO_MEMORY;
#pragma omp parallel
    multiply_share(*matrix, rows, count, {outputs, matrix->outputs});
    return DONE;
}

// Queries, keys and values of all heads side by side, queries and keys turned by their positions.
// matrices: three; cosines, sines [positions][width], used again and again; outputs [count][heads][width].
int packed_heads(const Matrix* const* matrices, const float* inputs, int64_t count, int64_t width, const float* cosines,
                 const float* sines, int64_t positions, float* outputs) {
    const Rows rows = round_rows<0>(inputs, count, matrices[0]->inputs);
    if (!rows.quanta) return NO_MEMORY;
    const int64_t turned = matrices[0]->outputs + matrices[1]->outputs, stride = turned + matrices[2]->outputs;
#pragma omp parallel
    {
        multiply_share(*matrices[0], rows, count, {outputs, stride});
        multiply_share(*matrices[1], rows, count, {outputs + matrices[0]->outputs, stride});
        multiply_share(*matrices[2], rows, count, {outputs + turned, stride});
#pragma omp barrier
#pragma omp for
        for (int64_t row = 0; row < count; ++row)
            rotate_row(outputs + row * stride, turned / width, width, cosines + row % positions * width,
                       sines + row % positions * width);
    }
    return DONE;
}

// Attention; outputs [batch][rows][heads][width]. The width is a multiple of 16, at most 256.
int attention(const Heads* all, float* outputs) { FOR_WIDTH(attend_all, all->width, *all, outputs); }

// Attention of several texts; outputs [rows of all texts][heads][width], of which the texts' rows are written.
int texts_attention(const Step* step, float* outputs) { FOR_WIDTH(attend_texts, step->width, *step, outputs); }

// outputs = (silu(inputs @ gate.T) * (inputs @ up.T)) @ down.T; matrices: gate, up, down.
int packed_mlp(const Matrix* const* matrices, const float* inputs, int64_t count, float* outputs) {
    const int64_t width = matrices[0]->outputs;
    const Rows rows = round_rows<0>(inputs, count, matrices[0]->inputs);
    const Rows inner = make_rows<1>(count, width);
    auto* gate = static_cast<float*>(scratch<2>(2 * count * width * sizeof(float)));
    if (!rows.quanta || !inner.quanta || !gate) return NO_MEMORY;
    float* up = gate + count * width;
#pragma omp parallel
    {
        multiply_share(*matrices[0], rows, count, {gate, width});
        multiply_share(*matrices[1], rows, count, {up, width});
#pragma omp barrier
        if (count == 1) {  // each thread gates and rounds its share of the one row's groups
            const int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
            const int64_t from = thread * inner.groups / threads, to = (thread + 1) * inner.groups / threads;
            gate_row(gate + from * GROUP, up + from * GROUP, (to - from) * GROUP);
            const Rows share{inner.quanta + from * GROUP, inner.scales + from, inner.sums + 3 * from, width, to - from};
            round_row(gate + from * GROUP, share, 0);
#pragma omp barrier
        } else {
#pragma omp for
            for (int64_t row = 0; row < count; ++row) {
                gate_row(gate + row * width, up + row * width, width);
                round_row(gate + row * width, inner, row);
            }
        }
        multiply_share(*matrices[2], inner, count, {outputs, matrices[2]->outputs});
    }
    return DONE;
}

// Root mean square norm of each row: inputs / sqrt(mean(inputs^2) + epsilon) * weight; width a multiple of 16.
int rms_norm(const float* inputs, const float* weight, float epsilon, int64_t count, int64_t width, float* outputs) {
#pragma omp parallel for if (count >= 2 * ROWS)
    for (int64_t row = 0; row < count; ++row) {
        const float* input = inputs + row * width;
        Floats squares = all(0);
        for (int64_t place = 0; place < width; place += 16) {
            const Floats x = load(input + place);
            squares = fma(x, x, squares);
        }
        const Floats factor = all(1.0f / std::sqrt(sum(squares) / width + epsilon));
        for (int64_t place = 0; place < width; place += 16)
            store(outputs + row * width + place, load(input + place) * factor * load(weight + place));
    }
    return DONE;
}

}  // extern "C"
