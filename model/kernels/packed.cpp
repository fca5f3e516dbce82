// Products of few or many rows with weights of 4, 5, 6 or 8 bits, and the small operations around them, for x86
// processors with AVX-512 VNNI. model/packing.py describes the layout of a packed matrix and holds the same product in
// plain PyTorch; tests compare the two.
//
// A matrix is cut into tiles of 16 outputs and groups of 32 inputs. The values of a tile's group fill eight vectors of 64
// bytes, each with four inputs of all 16 outputs: one instruction (vpdpbusd) multiplies such a vector with four inputs of
// a row and adds up, for 16 outputs at once. A row's inputs are rounded to 8 bits, with a scale for each group.
//
// All functions are plain C, called through ctypes, and run on as many threads as PyTorch uses (the same OpenMP pool).
// They return DONE, or NO_MEMORY, after which the outputs mean nothing.

#include <immintrin.h>
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

inline int32_t added_up(__m128i bytes) {
    const __m128i sums = _mm_dpbusd_epi32(_mm_setzero_si128(), _mm_set1_epi8(1), bytes);
    const __m128i pairs = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(pairs, _mm_shuffle_epi32(pairs, 0xb1)));
}

void round_row(const float* input, const Rows& rows, int64_t row) {
    for (int64_t group = 0; group < rows.groups; ++group) {
        const __m512 low = _mm512_loadu_ps(input + group * GROUP);
        const __m512 high = _mm512_loadu_ps(input + group * GROUP + 16);
        const float top = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high)));
        const __m512 inverse = _mm512_set1_ps(top > 0 ? 127.0f / top : 0.0f);
        const __m128i first = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(low, inverse)));
        const __m128i second = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(high, inverse)));
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

// The eight vectors of a tile's group as unsigned bytes. Below 8 bits: halves of bytes, then a plane of single bits for
// each further bit.
template <int BITS>
inline void unpack(const uint8_t* block, __m512i (&values)[8]) {
    if constexpr (BITS == 8) {
        for (int step = 0; step < 8; ++step) values[step] = _mm512_loadu_si512(block + 64 * step);
        return;
    }
    const __m512i nibble = _mm512_set1_epi8(15);
    for (int step = 0; step < 4; ++step) {
        const __m512i both = _mm512_loadu_si512(block + 64 * step);
        values[step] = _mm512_and_si512(both, nibble);
        values[step + 4] = _mm512_and_si512(_mm512_srli_epi16(both, 4), nibble);
    }
    for (int bit = 4; bit < BITS; ++bit) {
        const auto* plane = reinterpret_cast<const uint64_t*>(block + 256 + 64 * (bit - 4));
        const __m512i worth = _mm512_set1_epi8(static_cast<char>(1 << bit));
        for (int step = 0; step < 8; ++step)
            values[step] = _mm512_mask_add_epi8(values[step], plane[step], values[step], worth);
    }
}

inline __m512i times4(__m512i sum, __m512i values, const int8_t* quanta) {
    return _mm512_dpbusd_epi32(sum, values, _mm512_set1_epi32(*reinterpret_cast<const int32_t*>(quanta)));
}

inline __m512 halfs(const uint16_t* place) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(place)));
}

// TILES tiles of outputs for COUNT rows. Few rows take several tiles at once: so many streams from memory are faster
// than one.
template <int BITS, int PARTS, bool MINIMA, int COUNT, int TILES>
void multiply_tiles(const Matrix& matrix, int64_t first_tile, const Rows& rows, int64_t first, __m512 (&sums)[TILES][COUNT]) {
    constexpr int STEPS = 8 / PARTS;
    const __m512 centre = _mm512_set1_ps(-(1 << (BITS - 1)));
    const int64_t block = block_bytes<BITS>(), scales = rows.groups * PARTS * TILE;
    const uint8_t* values_at = matrix.values + first_tile * rows.groups * block;
    const uint16_t* scale_at = matrix.scales + first_tile * scales;
    const uint16_t* minimum_at = MINIMA ? matrix.minima + first_tile * scales : nullptr;
    for (auto& tile : sums)
        for (auto& sum : tile) sum = _mm512_setzero_ps();
    for (int64_t group = 0; group < rows.groups; ++group)
        for (int tile = 0; tile < TILES; ++tile) {
            const uint8_t* place = values_at + (tile * rows.groups + group) * block;
            if constexpr (COUNT <= 2)
                for (int line = 0; line < BITS; ++line)
                    _mm_prefetch(reinterpret_cast<const char*>(place + AHEAD + 64 * line), _MM_HINT_T0);
            __m512i values[8];
            unpack<BITS>(place, values);
            for (int part = 0; part < PARTS; ++part) {
                const int64_t scale = tile * scales + (group * PARTS + part) * TILE;
                const __m512 factor = halfs(scale_at + scale);
                const __m512 least = MINIMA ? halfs(minimum_at + scale) : _mm512_mul_ps(factor, centre);
                const int8_t* quanta = rows.quanta + first * rows.inputs + group * GROUP + part * 16;
                __m512i whole[COUNT];
                for (int row = 0; row < COUNT; ++row) whole[row] = _mm512_setzero_si512();
                for (int step = 0; step < STEPS; ++step)
                    for (int row = 0; row < COUNT; ++row)
                        whole[row] = times4(whole[row], values[part * STEPS + step], quanta + row * rows.inputs + 4 * step);
                for (int row = 0; row < COUNT; ++row) {
                    const int64_t at = (first + row) * rows.groups + group;
                    const __m512 worth = _mm512_mul_ps(factor, _mm512_set1_ps(rows.scales[at]));
                    const __m512 total = _mm512_set1_ps(rows.sums[3 * at + (PARTS == 2 ? part : 2)]);
                    sums[tile][row] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(whole[row]), worth, sums[tile][row]);
                    sums[tile][row] = _mm512_fmadd_ps(least, total, sums[tile][row]);
                }
            }
        }
}

// The tiles [from, to), TILES at a time as far as they go, for COUNT rows.
template <int BITS, int PARTS, bool MINIMA, int COUNT, int TILES>
void multiply_rows(const Matrix& matrix, const Rows& rows, int64_t first, const Target& target, int64_t from, int64_t to) {
    int64_t tile = from;
    for (; tile + TILES <= to; tile += TILES) {
        __m512 sums[TILES][COUNT];
        multiply_tiles<BITS, PARTS, MINIMA, COUNT, TILES>(matrix, tile, rows, first, sums);
        for (int index = 0; index < TILES; ++index) {
            const int64_t output = (tile + index) * TILE, left = matrix.outputs - output;
            const __mmask16 there = left >= TILE ? 0xffff : (1 << left) - 1;
            const __m512 bias = matrix.bias ? _mm512_maskz_loadu_ps(there, matrix.bias + output) : _mm512_setzero_ps();
            float* place = target.first + first * target.stride + output;
            for (int row = 0; row < COUNT; ++row, place += target.stride)
                _mm512_mask_storeu_ps(place, there, _mm512_add_ps(sums[index][row], bias));
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
inline __m512 power(__m512 x) {
    x = _mm512_max_ps(_mm512_min_ps(x, _mm512_set1_ps(88.0f)), _mm512_set1_ps(-87.0f));
    const __m512 whole = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
    __m512 rest = _mm512_fnmadd_ps(whole, _mm512_set1_ps(0.693359375f), x);
    rest = _mm512_fnmadd_ps(whole, _mm512_set1_ps(-2.12194440e-4f), rest);
    __m512 sum = _mm512_set1_ps(1.0f / 720);
    for (const float term : {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f})
        sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(term));
    return _mm512_scalef_ps(sum, whole);
}

// silu(gate) * up, over gate.
void gate_row(float* gate, const float* up, int64_t width) {
    const __m512 one = _mm512_set1_ps(1.0f);
    for (int64_t place = 0; place < width; place += 16) {
        const __m512 x = _mm512_loadu_ps(gate + place);
        const __m512 below = _mm512_add_ps(one, power(_mm512_sub_ps(_mm512_setzero_ps(), x)));
        const __m512 gated = _mm512_div_ps(_mm512_mul_ps(x, _mm512_loadu_ps(up + place)), below);
        _mm512_storeu_ps(gate + place, gated);
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

// The sum of the numbers of each of 16 vectors, as one vector: halves are added until each number is a whole sum.
inline __m512 sums_of(const __m512 (&all)[16]) {
    __m512 pairs[8], fours[4];
    for (int at = 0; at < 8; ++at)
        pairs[at] = _mm512_add_ps(_mm512_unpacklo_ps(all[2 * at], all[2 * at + 1]),
                                  _mm512_unpackhi_ps(all[2 * at], all[2 * at + 1]));
    for (int at = 0; at < 4; ++at) {
        const __m512d even = _mm512_castps_pd(pairs[2 * at]), odd = _mm512_castps_pd(pairs[2 * at + 1]);
        fours[at] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(even, odd)),
                                  _mm512_castpd_ps(_mm512_unpackhi_pd(even, odd)));
    }
    const auto halved = [](__m512 low, __m512 high) {
        return _mm512_add_ps(_mm512_shuffle_f32x4(low, high, 0x88), _mm512_shuffle_f32x4(low, high, 0xdd));
    };
    return halved(halved(fours[0], fours[1]), halved(fours[2], fours[3]));
}

// One row of one head: softmax(query . keys * scale) @ values. VECTORS: width / 16. `shares` has room for all keys.
template <int VECTORS>
void attend(const float* query, const float* key, int64_t key_row, const float* value, int64_t value_row,
            const uint8_t* mask, int64_t length, float scale, float* shares, float* output) {
    __m512 wanted[VECTORS], sums[VECTORS];
    for (int part = 0; part < VECTORS; ++part) {
        wanted[part] = _mm512_mul_ps(_mm512_loadu_ps(query + 16 * part), _mm512_set1_ps(scale));
        sums[part] = _mm512_setzero_ps();
    }
    const __m512 nothing = _mm512_set1_ps(-INFINITY);
    __m512 tops = nothing;
    for (int64_t place = 0; place < length; place += 16) {
        const int64_t left = std::min<int64_t>(length - place, 16);
        __mmask16 seen = static_cast<__mmask16>((1u << left) - 1);
        if (mask) seen = _mm_mask_test_epi8_mask(seen, _mm_maskz_loadu_epi8(seen, mask + place), _mm_set1_epi8(-1));
        __m512 products[16];
        for (int at = 0; at < 16; ++at) {
            const float* its = key + (place + std::min<int64_t>(at, left - 1)) * key_row;
            products[at] = _mm512_mul_ps(wanted[0], _mm512_loadu_ps(its));
            for (int part = 1; part < VECTORS; ++part)
                products[at] = _mm512_fmadd_ps(wanted[part], _mm512_loadu_ps(its + 16 * part), products[at]);
        }
        const __m512 scores = _mm512_mask_blend_ps(seen, nothing, sums_of(products));
        _mm512_storeu_ps(shares + place, scores);
        tops = _mm512_max_ps(tops, scores);
    }
    float top = _mm512_reduce_max_ps(tops);
    if (top == -INFINITY) top = 0;  // a row of padding sees nothing, and gets zeros
    __m512 total = _mm512_setzero_ps();
    for (int64_t place = 0; place < length; place += 16) {
        const __m512 below = _mm512_sub_ps(_mm512_loadu_ps(shares + place), _mm512_set1_ps(top));
        const __mmask16 seen = _mm512_cmp_ps_mask(below, _mm512_set1_ps(-INFINITY), _CMP_GT_OQ);
        const __m512 share = _mm512_maskz_mov_ps(seen, power(below));
        _mm512_storeu_ps(shares + place, share);
        total = _mm512_add_ps(total, share);
    }
    for (int64_t place = 0; place < length; ++place) {
        const __m512 share = _mm512_set1_ps(shares[place]);
        for (int part = 0; part < VECTORS; ++part)
            sums[part] = _mm512_fmadd_ps(share, _mm512_loadu_ps(value + place * value_row + 16 * part), sums[part]);
    }
    const float all = _mm512_reduce_add_ps(total);
    const __m512 inverse = _mm512_set1_ps(all > 0 ? 1.0f / all : 0.0f);
    for (int part = 0; part < VECTORS; ++part) _mm512_storeu_ps(output + 16 * part, _mm512_mul_ps(sums[part], inverse));
}

template <int VECTORS>
int attend_all(const Heads& all, float* outputs) {
    int state = DONE;
#pragma omp parallel for collapse(2) reduction(max : state)
    for (int64_t batch = 0; batch < all.batch; ++batch)
        for (int64_t head = 0; head < all.heads; ++head) {
            auto* shares = static_cast<float*>(scratch<3>((all.length + 16) * sizeof(float)));
            if (!shares) {
                state = NO_MEMORY;
                continue;
            }
            const int64_t kept = head / (all.heads / all.kept);
            for (int64_t row = 0; row < all.rows; ++row)
                attend<VECTORS>(
                    all.query + batch * all.query_batch + head * all.query_head + row * all.query_row,
                    all.key + batch * all.key_batch + kept * all.key_head, all.key_row,
                    all.value + batch * all.value_batch + kept * all.value_head, all.value_row,
                    all.mask ? all.mask + batch * all.mask_batch + row * all.mask_row : nullptr,
                    all.mask ? all.length : all.length - all.rows + row + 1, all.scale, shares,
                    outputs + ((batch * all.rows + row) * all.heads + head) * all.width);
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

// Every text's rows over its own keys. Texts differ in length, so whoever is free takes the next heads.
template <int VECTORS>
int attend_texts(const Step& step, float* outputs) {
    const int64_t group = step.heads / step.kept;
    int state = DONE;
#pragma omp parallel for collapse(2) schedule(dynamic) reduction(max : state)
    for (int64_t number = 0; number < step.count; ++number)
        for (int64_t kept = 0; kept < step.kept; ++kept) {
            const Text& text = step.texts[number];
            auto* shares = static_cast<float*>(scratch<3>((text.length + 16) * sizeof(float)));
            if (!shares) {
                state = NO_MEMORY;
                continue;
            }
            const int64_t before = kept * text.room * step.width;
            for (int64_t row = 0; row < text.rows; ++row)
                for (int64_t head = kept * group; head < (kept + 1) * group; ++head)
                    attend<VECTORS>(
                        step.query + head * step.query_head + (text.start + row) * step.query_row, text.key + before,
                        step.width, text.value + before, step.width, nullptr, text.length - text.rows + row + 1,
                        step.scale, shares, outputs + ((text.start + row) * step.heads + head) * step.width);
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

// Attention of few rows; outputs [batch][rows][heads][width]. The width is a multiple of 16, at most 256.
int attention(const Heads* all, float* outputs) { FOR_WIDTH(attend_all, all->width, *all, outputs); }

// Attention of few rows of several texts; outputs [rows of all texts][heads][width], of which the texts' rows are written.
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
        __m512 squares = _mm512_setzero_ps();
        for (int64_t place = 0; place < width; place += 16) {
            const __m512 x = _mm512_loadu_ps(input + place);
            squares = _mm512_fmadd_ps(x, x, squares);
        }
        const __m512 factor = _mm512_set1_ps(1.0f / std::sqrt(_mm512_reduce_add_ps(squares) / width + epsilon));
        for (int64_t place = 0; place < width; place += 16) {
            const __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(input + place), factor);
            _mm512_storeu_ps(outputs + row * width + place, _mm512_mul_ps(scaled, _mm512_loadu_ps(weight + place)));
        }
    }
    return DONE;
}

}  // extern "C"
