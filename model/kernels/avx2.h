// The vectors of vectors.h in AVX2, FMA and F16C: two halves of 256 bits each.

#pragma once

namespace {

struct Floats {
    __m256 low, high;
};
struct Words {
    __m256i low, high;
};
struct Lanes {
    __m256i low, high;  // all bits of a chosen place are set
};

constexpr int HELD = 4;

inline Floats operator+(Floats x, Floats y) { return {_mm256_add_ps(x.low, y.low), _mm256_add_ps(x.high, y.high)}; }
inline Floats operator-(Floats x, Floats y) { return {_mm256_sub_ps(x.low, y.low), _mm256_sub_ps(x.high, y.high)}; }
inline Floats operator*(Floats x, Floats y) { return {_mm256_mul_ps(x.low, y.low), _mm256_mul_ps(x.high, y.high)}; }
inline Floats operator/(Floats x, Floats y) { return {_mm256_div_ps(x.low, y.low), _mm256_div_ps(x.high, y.high)}; }

inline Floats all(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline Floats load(const float* place) { return {_mm256_loadu_ps(place), _mm256_loadu_ps(place + 8)}; }
inline Floats load(const float* place, Lanes lanes) {
    return {_mm256_maskload_ps(place, lanes.low), _mm256_maskload_ps(place + 8, lanes.high)};
}
inline void store(float* place, Floats x) {
    _mm256_storeu_ps(place, x.low);
    _mm256_storeu_ps(place + 8, x.high);
}
inline void store(float* place, Lanes lanes, Floats x) {
    _mm256_maskstore_ps(place, lanes.low, x.low);
    _mm256_maskstore_ps(place + 8, lanes.high, x.high);
}
inline Floats halfs(const uint16_t* place) {
    const auto* eights = reinterpret_cast<const __m128i*>(place);
    return {_mm256_cvtph_ps(_mm_loadu_si128(eights)), _mm256_cvtph_ps(_mm_loadu_si128(eights + 1))};
}

// x * y + z, and z - x * y.
inline Floats fma(Floats x, Floats y, Floats z) {
    return {_mm256_fmadd_ps(x.low, y.low, z.low), _mm256_fmadd_ps(x.high, y.high, z.high)};
}
inline Floats fnma(Floats x, Floats y, Floats z) {
    return {_mm256_fnmadd_ps(x.low, y.low, z.low), _mm256_fnmadd_ps(x.high, y.high, z.high)};
}
inline Floats larger(Floats x, Floats y) { return {_mm256_max_ps(x.low, y.low), _mm256_max_ps(x.high, y.high)}; }
inline Floats smaller(Floats x, Floats y) { return {_mm256_min_ps(x.low, y.low), _mm256_min_ps(x.high, y.high)}; }
inline Floats magnitude(Floats x) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_andnot_ps(sign, x.low), _mm256_andnot_ps(sign, x.high)};
}
inline Floats nearest(Floats x) {
    return {_mm256_round_ps(x.low, _MM_FROUND_TO_NEAREST_INT), _mm256_round_ps(x.high, _MM_FROUND_TO_NEAREST_INT)};
}
// x times 2 to the power of a whole number of -126 to 127.
inline Floats scaled(Floats x, Floats whole) {
    const auto power = [](__m256 half) {
        const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(half), _mm256_set1_epi32(127));
        return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
    };
    return x * Floats{power(whole.low), power(whole.high)};
}
inline Floats floats(Words x) { return {_mm256_cvtepi32_ps(x.low), _mm256_cvtepi32_ps(x.high)}; }
inline __m128i bytes(Floats x) {
    const __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(x.low), _mm256_cvtps_epi32(x.high));
    const __m256i ordered = _mm256_permute4x64_epi64(words, 0xd8);  // they come as quarters 0, 2, 1, 3
    return _mm_packs_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1));
}

inline float sum(Floats x) { return sum(_mm256_add_ps(x.low, x.high)); }
inline float largest(Floats x) { return largest(_mm256_max_ps(x.low, x.high)); }

inline Lanes up_to(int64_t count) {
    const __m256i there = _mm256_set1_epi32(static_cast<int32_t>(std::min<int64_t>(count, 16)));
    return {_mm256_cmpgt_epi32(there, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
            _mm256_cmpgt_epi32(there, _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15))};
}
// Of the first `count` bytes, those that are not 0.
inline Lanes filled(const uint8_t* place, int64_t count) {
    uint8_t there[16] = {};
    std::memcpy(there, place, count);
    const auto half = [](const uint8_t* eight) {
        const __m128i narrow = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(eight));
        return _mm256_cmpgt_epi32(_mm256_cvtepu8_epi32(narrow), _mm256_setzero_si256());
    };
    return {half(there), half(there + 8)};
}
inline Lanes above(Floats x, Floats y) {
    return {_mm256_castps_si256(_mm256_cmp_ps(x.low, y.low, _CMP_GT_OQ)),
            _mm256_castps_si256(_mm256_cmp_ps(x.high, y.high, _CMP_GT_OQ))};
}
inline Floats where(Lanes lanes, Floats yes, Floats no) {
    return {_mm256_blendv_ps(no.low, yes.low, _mm256_castsi256_ps(lanes.low)),
            _mm256_blendv_ps(no.high, yes.high, _mm256_castsi256_ps(lanes.high))};
}

// Adds up what four halves of vectors hold: each quarter of the result has, of the four, the sum of that quarter.
inline __m256 quarters(__m256 a, __m256 b, __m256 c, __m256 d) {
    const auto pair = [](__m256 x, __m256 y) {
        return _mm256_castps_pd(_mm256_add_ps(_mm256_unpacklo_ps(x, y), _mm256_unpackhi_ps(x, y)));
    };
    const __m256d even = pair(a, b), odd = pair(c, d);
    return _mm256_add_ps(_mm256_castpd_ps(_mm256_unpacklo_pd(even, odd)),
                         _mm256_castpd_ps(_mm256_unpackhi_pd(even, odd)));
}

// The sums of the numbers of each of 16 vectors, vector(0) to vector(15): halves are added until each number is a whole
// sum.
template <typename Vector>
inline Floats sums_of(const Vector& vector) {
    Floats fours[4];
    for (int at = 0; at < 4; ++at) {
        const Floats a = vector(4 * at), b = vector(4 * at + 1), c = vector(4 * at + 2), d = vector(4 * at + 3);
        fours[at] = {quarters(a.low, b.low, c.low, d.low), quarters(a.high, b.high, c.high, d.high)};
    }
    const auto joined = [](__m256 x, __m256 y) {
        return _mm256_add_ps(_mm256_permute2f128_ps(x, y, 0x20), _mm256_permute2f128_ps(x, y, 0x31));
    };
    const auto halved = [&](Floats x, Floats y) {
        return _mm256_add_ps(joined(x.low, y.low), joined(x.high, y.high));
    };
    return {halved(fours[0], fours[1]), halved(fours[2], fours[3])};
}

// Products of bytes are added up in 16 bits, as long as they cannot overflow. Values of 8 bits would at once, so these
// go by halves of bytes, lower ones first.
template <int BITS>
class Block {
  public:
    explicit Block(const uint8_t* place) : place_(place) {}

    // A part's values times the same inputs of COUNT rows, which lie `stride` bytes apart.
    template <int PARTS, int COUNT>
    void times(int part, const int8_t* quanta, int64_t stride, Words (&whole)[COUNT]) const {
        __m256i low[COUNT], high[COUNT];
        times_half<PARTS, COUNT, 0>(part, quanta, stride, low);
        times_half<PARTS, COUNT, 1>(part, quanta, stride, high);
        for (int row = 0; row < COUNT; ++row) whole[row] = {low[row], high[row]};
    }

  private:
    static constexpr int LAYERS = BITS == 8 ? 2 : 1;
    // Inputs are at least -128, and each step adds two products.
    static constexpr int SAFE = 32767 / (2 * 128 * (BITS == 8 ? 15 : (1 << BITS) - 1));

    template <int PARTS, int COUNT, int HALF>
    void times_half(int part, const int8_t* quanta, int64_t stride, __m256i (&whole)[COUNT]) const {
        constexpr int STEPS = 8 / PARTS, TOGETHER = SAFE < STEPS ? SAFE : STEPS;
#pragma GCC unroll 8
        for (int row = 0; row < COUNT; ++row) whole[row] = _mm256_setzero_si256();
#pragma GCC unroll 2
        for (int layer = 0; layer < LAYERS; ++layer)
#pragma GCC unroll 8
            for (int from = 0; from < STEPS; from += TOGETHER) {
                __m256i narrow[COUNT];
#pragma GCC unroll 8
                for (int row = 0; row < COUNT; ++row) narrow[row] = _mm256_setzero_si256();
#pragma GCC unroll 8
                for (int step = from; step < from + TOGETHER; ++step) {
                    const __m256i values = at<HALF>(part * STEPS + step, layer);
#pragma GCC unroll 8
                    for (int row = 0; row < COUNT; ++row) {
                        const __m256i inputs = _mm256_set1_epi32(four(quanta + row * stride + 4 * step));
                        narrow[row] = _mm256_add_epi16(narrow[row], _mm256_maddubs_epi16(values, inputs));
                    }
                }
                const __m256i worth = _mm256_set1_epi16(layer ? 16 : 1);
#pragma GCC unroll 8
                for (int row = 0; row < COUNT; ++row)
                    whole[row] = _mm256_add_epi32(whole[row], _mm256_madd_epi16(narrow[row], worth));
            }
    }

    // The values, or half of their bits, of four inputs and the outputs 0 to 7 or 8 to 15.
    template <int HALF>
    __m256i at(int step, int layer) const {
        const int line = BITS == 8 ? step : step % 4;
        const bool upper = BITS == 8 ? layer == 1 : step >= 4;
        __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(place_ + 64 * line + 32 * HALF));
        if (upper) both = _mm256_srli_epi16(both, 4);
        __m256i values = _mm256_and_si256(both, _mm256_set1_epi8(15));
        if constexpr (BITS < 8)
            for (int bit = 4; bit < BITS; ++bit)
                values = _mm256_or_si256(values, plane<HALF>(step, bit));
        return values;
    }

    // One further bit of each value, in its place.
    template <int HALF>
    __m256i plane(int step, int bit) const {
        int32_t bits;
        std::memcpy(&bits, place_ + 256 + 64 * (bit - 4) + 8 * step + 4 * HALF, sizeof bits);
        const __m256i source = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
        const __m256i wanted = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
        const __m256i spread = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), source), wanted);
        return _mm256_and_si256(_mm256_cmpeq_epi8(spread, wanted), _mm256_set1_epi8(static_cast<char>(1 << bit)));
    }

    const uint8_t* place_;
};

}  // namespace
